"""`az login`, `az account` and `az rest`."""

import jwt

from tests.clients.azure_cli import Az


def test_signing_in_shows_the_subscription_and_worries_nobody(az: Az) -> None:
    ended = az.another("first").run(
        *("login", "--service-principal", "--tenant", az.cloud["ARM_TENANT_ID"]),
        *("--username", az.cloud["ARM_CLIENT_ID"]),
        f"--password={az.cloud['ARM_CLIENT_SECRET']}",
    )

    assert (ended.returncode, ended.stderr) == (0, "")
    assert az.cloud["ARM_SUBSCRIPTION_ID"] in ended.stdout


def test_a_wrong_secret_is_refused_in_entras_words(az: Az) -> None:
    said = az.another("wrong").refused(
        *("login", "--service-principal", "--tenant", az.cloud["ARM_TENANT_ID"]),
        *("--username", az.cloud["ARM_CLIENT_ID"], "--password", "not-the-secret"),
    )

    assert "AADSTS7000215: Invalid client secret provided." in said


def test_an_unknown_tenant_is_not_found(az: Az) -> None:
    ended = az.another("lost").run(
        *("login", "--service-principal", "--tenant", "11111111-1111-1111-1111-111111111111"),
        *("--username", az.cloud["ARM_CLIENT_ID"], "--password", "any"),
    )

    assert ended.returncode == 1
    assert "please double check your tenant name or GUID is correct" in ended.stderr


def test_the_account_is_the_deployer_in_its_subscription(az: Az) -> None:
    shown = az("account", "show")

    assert shown["id"] == az.cloud["ARM_SUBSCRIPTION_ID"]
    assert shown["tenantId"] == az.cloud["ARM_TENANT_ID"]
    assert shown["user"] == {"name": az.cloud["ARM_CLIENT_ID"], "type": "servicePrincipal"}
    assert [one["id"] for one in az("account", "list")] == [shown["id"]]


def test_an_access_token_is_for_the_service_that_was_asked_for(az: Az) -> None:
    given = az("account", "get-access-token", "--scope", "https://vault.azure.net/.default")

    claims = jwt.decode(given["accessToken"], options={"verify_signature": False})
    assert claims["aud"] == "https://vault.azure.net"
    assert claims["appid"] == az.cloud["ARM_CLIENT_ID"]
    assert given["tokenType"] == "Bearer"


def test_rest_asks_resource_manager_with_the_token_of_the_account(az: Az) -> None:
    subscription = az.cloud["ARM_SUBSCRIPTION_ID"]

    shown = az("rest", "--url", f"/subscriptions/{subscription}?api-version=2022-12-01")
    said = az.refused(
        "rest", "--url", f"/subscriptions/{subscription}/nothing?api-version=2022-12-01"
    )

    assert shown["displayName"] == "Sandbox"
    assert "SandboxUnsupported" in said
