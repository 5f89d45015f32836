"""Microsoft Graph: who is behind an id."""

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Azure, error_of

GRAPH = "https://graph.microsoft.com"


def ask(azure: Azure, path: str, body: Any = None, **options: Any) -> httpx.Response:
    """Ask Graph as the deployer, unless the options have another header."""
    options.setdefault("headers", azure.bearer(GRAPH))
    verb = "POST" if body else "GET"
    return azure.http.request(verb, f"{GRAPH}/v1.0/{path}", json=body, **options)


def test_a_principal_is_found_by_its_application_and_by_its_object(azure: Azure) -> None:
    made = azure.new_identity()
    condition = f"servicePrincipalNames/any(c:c eq '{made['clientId']}')"

    [found] = ask(azure, "servicePrincipals", params={"$filter": condition}).json()["value"]
    shown = ask(azure, f"servicePrincipals/{made['principalId']}").json()
    [stub] = ask(
        azure,
        "directoryObjects/getByIds",
        {"ids": [made["principalId"], "11111111-1111-1111-1111-111111111111"]},
    ).json()["value"]

    assert found["id"] == shown["id"] == stub["id"] == made["principalId"]
    assert shown["servicePrincipalType"] == "ManagedIdentity"
    assert shown["alternativeNames"] == ["isExplicit=True", made["id"]]
    assert stub["@odata.type"] == "#microsoft.graph.servicePrincipal"


def test_the_deployer_is_a_registered_application(azure: Azure) -> None:
    azure.new_identity()

    [found] = ask(azure, "applications").json()["value"]
    params = {"$filter": "startswith(displayName,'Dep')", "$select": "id,servicePrincipalType"}
    [principal] = ask(azure, "servicePrincipals", params=params).json()["value"]

    assert found["appId"] == azure.identity.client
    assert principal == {"id": azure.identity.object, "servicePrincipalType": "Application"}


def test_a_new_principal_is_missing_until_the_directory_has_heard_of_it(slow_azure: Azure) -> None:
    made = slow_azure.new_identity()
    path = f"servicePrincipals/{made['principalId']}"

    early = ask(slow_azure, path)
    slow_azure.pass_time(60)

    assert error_of(early) == (404, "Request_ResourceNotFound")
    assert ask(slow_azure, path).status_code == 200


def test_a_managed_identity_may_not_read_the_directory(azure: Azure) -> None:
    made = azure.new_identity()

    answer = ask(azure, "servicePrincipals", headers=azure.of(made["principalId"], GRAPH))

    assert error_of(answer) == (403, "Authorization_RequestDenied")


@pytest.mark.parametrize("audience", ["https://management.azure.com", ""])
def test_only_a_token_for_graph_opens_graph(azure: Azure, audience: str) -> None:
    headers = azure.bearer(audience) if audience else {}

    answer = ask(azure, "servicePrincipals", headers=headers)

    assert error_of(answer) == (401, "InvalidAuthenticationToken")


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("servicePrincipals", {"$filter": "endswith(displayName,'x')"}),
        ("servicePrincipals", {"$top": "3"}),
        ("devices", {}),
    ],
)
def test_what_is_not_simulated_is_said_so(azure: Azure, path: str, params: dict[str, str]) -> None:
    assert error_of(ask(azure, path, params=params)) == (501, "SandboxUnsupported")


def test_there_are_neither_users_nor_groups_and_nobody_is_me(azure: Azure) -> None:
    assert ask(azure, "users").json()["value"] == []
    assert ask(azure, "groups").json()["value"] == []
    assert error_of(ask(azure, "me")) == (400, "BadRequest")
