"""Groups, operations and the rules that every ARM resource follows."""

import pytest

from tests.sandbox.conftest import VERSIONS, Azure, error_of

NETWORK = "Microsoft.Network/virtualNetworks/one"
SPACE = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}


def test_a_group_is_found_in_any_letter_case_and_keeps_its_own(azure: Azure) -> None:
    azure.arm("PUT", f"{azure.group}-Two", {"location": "West Europe"})

    found = azure.arm("GET", f"{azure.group}-TWO".replace("resourceGroups", "RESOURCEGROUPS"))

    assert found.json()["name"] == "lab-Two"
    assert found.json()["location"] == "westeurope"


def test_a_group_stays_where_it_is(azure: Azure) -> None:
    answer = azure.arm("PUT", azure.group, {"location": "centralus"})

    assert error_of(answer) == (409, "InvalidResourceGroupLocation")


def test_a_resource_without_its_group_is_refused(azure: Azure) -> None:
    path = f"{azure.group}-none/providers/{NETWORK}"

    answer = azure.arm("PUT", path, {"location": "westeurope", "properties": SPACE})

    assert error_of(answer) == (404, "ResourceGroupNotFound")


def test_a_deleted_group_takes_everything_with_it_after_its_time(slow_azure: Azure) -> None:
    azure = slow_azure
    azure.arm("PUT", NETWORK, {"location": "westeurope", "properties": SPACE})

    answer = azure.arm("DELETE", azure.group)
    address = answer.headers["Location"]
    busy = azure.http.get(address, headers=azure.bearer())
    shown = azure.arm("GET", azure.group).json()["properties"]["provisioningState"]
    azure.pass_time(60)
    done = azure.http.get(address, headers=azure.bearer())

    assert (answer.status_code, busy.status_code, done.status_code) == (202, 202, 200)
    assert busy.headers["Retry-After"] == "10"
    assert shown == "Deleting"
    assert error_of(azure.arm("GET", NETWORK)) == (404, "ResourceGroupNotFound")


def test_an_operation_is_under_way_until_its_time_is_over(slow_azure: Azure) -> None:
    azure = slow_azure
    put = azure.arm("PUT", NETWORK, {"location": "westeurope", "properties": SPACE})
    address = put.headers["Azure-AsyncOperation"]

    early = azure.http.get(address, headers=azure.bearer()).json()
    azure.pass_time(5)
    late = azure.http.get(address, headers=azure.bearer()).json()

    assert put.status_code == 201
    assert put.json()["properties"]["provisioningState"] == "Creating"
    assert put.headers["X-Go-Azure-Sdk-Skip-Polling-Delay"] == "true"
    assert (early["status"], late["status"]) == ("InProgress", "Succeeded")
    assert azure.arm("GET", NETWORK).json()["properties"]["provisioningState"] == "Succeeded"


def test_a_finished_operation_shows_the_resource_as_its_provider_does(slow_azure: Azure) -> None:
    azure = slow_azure
    put = azure.arm("PUT", NETWORK, {"location": "westeurope", "properties": SPACE})
    azure.pass_time(5)

    result = azure.http.get(put.headers["Location"], headers=azure.bearer())

    assert result.json() == azure.arm("GET", NETWORK).json()


def test_a_group_lists_what_is_in_it(azure: Azure) -> None:
    azure.new_identity()
    azure.new_vault()

    everything = azure.arm("GET", f"{azure.group}/resources").json()["value"]

    assert [one["type"] for one in everything] == [
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "Microsoft.KeyVault/vaults",
    ]


@pytest.mark.parametrize(
    ("version", "code"),
    [("", "MissingApiVersionParameter"), ("latest", "InvalidApiVersionParameter")],
)
def test_each_request_names_the_version_of_the_interface(
    azure: Azure, version: str, code: str
) -> None:
    params = {"api-version": version} if version else {}

    answer = azure.http.get(azure.group, params=params, headers=azure.bearer())

    assert error_of(answer) == (400, code)


@pytest.mark.parametrize("text", ["{", "[]", '"text"', "\xff"])
def test_a_body_that_is_no_object_is_refused_in_azures_words(azure: Azure, text: str) -> None:
    answer = azure.http.request(
        "PUT",
        azure.group,
        params={"api-version": "2024-11-30"},
        content=text.encode("latin-1"),
        headers=azure.bearer(),
    )

    assert error_of(answer) == (400, "InvalidRequestContent")


def test_another_subscription_does_not_exist(azure: Azure) -> None:
    answer = azure.arm("GET", "/subscriptions/11111111-1111-1111-1111-111111111111")

    assert error_of(answer) == (404, "SubscriptionNotFound")


def test_what_is_not_simulated_says_so(azure: Azure) -> None:
    answer = azure.arm("GET", "Microsoft.Quantum/workspaces/one")

    assert error_of(answer) == (501, "SandboxUnsupported")
    assert "Microsoft.Quantum/workspaces" in answer.json()["error"]["message"]


def test_identities_of_the_same_name_are_strangers(azure: Azure) -> None:
    first = azure.new_identity()
    again = azure.new_identity()
    azure.arm("DELETE", first["id"])
    second = azure.new_identity()

    assert again == first
    assert second["principalId"] != first["principalId"]
    assert first["principalId"] not in azure.cloud.store.principals


def test_two_credentials_for_one_subject_are_refused(azure: Azure) -> None:
    identity = azure.new_identity()
    trust = {"issuer": "https://a.example/", "subject": "s", "audiences": ["a"]}
    credentials = f"{identity['id']}/federatedIdentityCredentials"
    azure.arm("PUT", f"{credentials}/one", {"properties": trust})

    answer = azure.arm("PUT", f"{credentials}/two", {"properties": trust})

    assert error_of(answer) == (409, "Conflict")


def test_a_resource_that_is_being_deleted_cannot_be_changed(slow_azure: Azure) -> None:
    azure, registry = slow_azure, "Microsoft.ContainerRegistry/registries/labacr"
    azure.arm("PUT", registry, {"location": "westeurope", "sku": {"name": "Basic"}})
    azure.pass_time(120)
    azure.arm("DELETE", registry)

    changed = azure.arm("PATCH", registry, {"tags": {"a": "b"}})
    again = azure.arm("DELETE", registry)
    azure.pass_time(120)

    assert error_of(changed) == (409, "Conflict")
    assert again.status_code == 202
    assert error_of(azure.arm("GET", registry)) == (404, "ResourceNotFound")


def test_a_group_that_is_being_deleted_takes_nothing_new(slow_azure: Azure) -> None:
    azure = slow_azure
    azure.new_identity()
    azure.arm("DELETE", azure.group)

    answer = azure.arm("PUT", NETWORK, {"location": "westeurope", "properties": SPACE})

    assert error_of(answer) == (409, "ResourceGroupBeingDeleted")


@pytest.mark.parametrize("part", ["properties", "tags"])
def test_a_part_of_a_body_that_is_no_object_is_refused(azure: Azure, part: str) -> None:
    answer = azure.arm("PUT", NETWORK, {"location": "westeurope", part: ["a", "list"]})

    assert error_of(answer) == (400, "InvalidRequestContent")


def test_a_bug_of_the_sandbox_is_told_as_azure_would(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(azure.cloud.store, "below", None)
    azure.http.client._transport.raise_app_exceptions = False  # type: ignore[attr-defined]  # As uvicorn.

    answer = azure.arm("GET", f"{azure.group}/resources")

    assert error_of(answer) == (500, "InternalServerError")
    assert "Traceback" not in answer.text


def test_each_answer_has_an_id_and_keeps_the_callers(azure: Azure) -> None:
    headers = azure.bearer() | {"x-ms-correlation-request-id": "mine"}

    answer = azure.arm("GET", azure.group, headers=headers)

    assert answer.headers["x-ms-correlation-request-id"] == "mine"
    assert answer.headers["x-ms-request-id"]


def test_resources_are_found_by_what_a_filter_compares(azure: Azure) -> None:
    azure.new_vault()
    path = "Microsoft.ManagedIdentity/userAssignedIdentities/app"
    azure.arm("PUT", path, {"location": "westeurope", "tags": {"team": "data"}})

    def found(condition: str) -> list[str]:
        answer = azure.http.get(
            f"{azure.group}/resources",
            params=VERSIONS | {"$filter": condition},
            headers=azure.bearer(),
        )
        return [one["name"] for one in answer.json()["value"]]

    assert found("resourceType eq 'microsoft.keyvault/vaults'") == ["lab-kv"]
    assert found("name eq 'app' and location eq 'westeurope'") == ["app"]
    assert found("tagName eq 'Team' and tagValue eq 'data'") == ["app"]
    assert found("tagName eq 'team' and tagValue eq 'web'") == []


def test_a_filter_that_is_not_simulated_is_refused_rather_than_ignored(azure: Azure) -> None:
    answer = azure.http.get(
        f"{azure.group}/resources",
        params=VERSIONS | {"$filter": "substringof('a', name)"},
        headers=azure.bearer(),
    )

    assert error_of(answer) == (501, "SandboxUnsupported")


def test_a_provider_tells_its_kinds_and_the_version_to_ask_them_with(azure: Azure) -> None:
    subscription = f"/subscriptions/{azure.identity.subscription}"

    everything = azure.arm("GET", f"{subscription}/providers").json()["value"]
    vaults = azure.arm("GET", f"{subscription}/providers/microsoft.keyvault").json()

    namespaces = {one["namespace"] for one in everything}
    assert {kind.partition("/")[0] for kind in azure.cloud.store.kinds} <= namespaces
    assert [(one["resourceType"], len(one["apiVersions"])) for one in vaults["resourceTypes"]] == [
        ("vaults", 1)
    ]


def test_the_subscription_is_listed_for_those_who_hold_a_role_in_it(azure: Azure) -> None:
    made = azure.new_identity()

    def listed() -> int:
        headers = azure.of(made["principalId"])
        return len(azure.arm("GET", "/subscriptions", headers=headers).json()["value"])

    before = listed()
    azure.grant("Reader", made["principalId"], azure.group)

    assert (before, listed()) == (0, 1)
