"""`az identity`, `az role`, and `az ad` as far as role assignments need it."""

from typing import Any

import pytest

from tests.clients.azure_cli import Az


@pytest.fixture(scope="module")
def identity(az: Az, group: str) -> dict[str, Any]:
    """A managed identity."""
    made: dict[str, Any] = az("identity", "create", "--resource-group", group, "--name", "app")
    return made


def test_an_identity_is_shown_with_its_federated_credentials(
    az: Az, group: str, identity: dict[str, Any]
) -> None:
    where = ("--resource-group", group, "--identity-name", "app")
    made = az(
        *("identity", "federated-credential", "create", *where, "--name", "workload"),
        *("--issuer", "https://issuer.example.com/", "--subject", "system:serviceaccount:a:b"),
        *("--audiences", "api://AzureADTokenExchange"),
    )

    assert az("identity", "show", "--resource-group", group, "--name", "app") == identity
    assert [one["id"] for one in az("identity", "list")] == [identity["id"]]
    assert az("identity", "federated-credential", "list", *where) == [made]


def test_the_directory_knows_who_is_behind_an_application(az: Az, identity: dict[str, Any]) -> None:
    everybody = az("ad", "sp", "list", "--all", "--query", "[].appId")
    by_name = az("ad", "sp", "list", "--display-name", "app")
    shown = az("ad", "sp", "show", "--id", identity["clientId"])

    assert set(everybody) == {az.cloud["ARM_CLIENT_ID"], identity["clientId"]}
    assert shown["id"] == identity["principalId"] == by_name[0]["id"]
    assert shown["servicePrincipalType"] == "ManagedIdentity"


def test_nobody_is_behind_an_unknown_application(az: Az) -> None:
    said = az.refused("ad", "sp", "show", "--id", "11111111-1111-1111-1111-111111111111", code=3)

    assert "does not exist or one of its queried reference-property objects are not present" in said


def test_a_role_is_found_by_its_name(az: Az) -> None:
    [found] = az("role", "definition", "list", "--name", "Key Vault Secrets User")

    assert found["name"] == "4633458b-17de-408a-b874-0445c86b69e6"
    assert len(az("role", "definition", "list")) > 30


def test_a_role_is_assigned_by_object_listed_with_names_and_taken_away(
    az: Az, group_id: str, identity: dict[str, Any]
) -> None:
    who = ("--assignee-object-id", identity["principalId"])
    made = az(
        *("role", "assignment", "create", "--role", "Reader", "--scope", group_id, *who),
        *("--assignee-principal-type", "ServicePrincipal"),
    )
    [listed] = az("role", "assignment", "list", "--scope", group_id)
    az("role", "assignment", "delete", "--ids", made["id"])

    assert listed["id"] == made["id"]
    assert listed["roleDefinitionName"] == "Reader"
    assert listed["principalName"] == identity["clientId"]
    assert az("role", "assignment", "list", "--scope", group_id) == []


def test_a_role_is_assigned_by_application_and_a_second_time_changes_nothing(
    az: Az, group_id: str, identity: dict[str, Any]
) -> None:
    words = ("--assignee", identity["clientId"], "--role", "Contributor", "--scope", group_id)

    first = az("role", "assignment", "create", *words)
    second = az("role", "assignment", "create", *words)
    listed = az("role", "assignment", "list", "--all", "--assignee", identity["clientId"])
    az("role", "assignment", "delete", *words)

    assert first["principalId"] == identity["principalId"]
    assert first["id"] == second["id"]
    assert [one["id"] for one in listed] == [first["id"]]


def test_nobody_can_be_given_a_role_who_is_not_in_the_directory(az: Az, group_id: str) -> None:
    nobody = "22222222-2222-2222-2222-222222222222"
    words = ("role", "assignment", "create", "--role", "Reader", "--scope", group_id)

    by_application = az.refused(*words, "--assignee", nobody)
    by_object = az.refused(*words, "--assignee-object-id", nobody)

    assert "Cannot find user or service principal in graph database" in by_application
    assert "(PrincipalNotFound)" in by_object
