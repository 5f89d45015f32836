"""Azure Resource Manager through azure-core: names, letter case, and what is not there."""

import re
import uuid

import httpx
import pytest
from azure.core.exceptions import HttpResponseError

from tests.contract.conftest import MANAGEMENT, Cloud, unique

IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
VAULTS = "Microsoft.KeyVault/vaults"
ACCOUNTS = "Microsoft.Storage/storageAccounts"


def code(refusal: pytest.ExceptionInfo[HttpResponseError]) -> tuple[int | None, str]:
    """Status and code, as azure-core reads them from the body."""
    error = refusal.value
    return error.status_code, str(error.error.code if error.error else "")


def test_a_request_without_a_token_is_refused_with_a_challenge(cloud: Cloud) -> None:
    answer = httpx.get(f"{MANAGEMENT}{cloud.group_id}?api-version=2022-09-01")

    assert answer.status_code == 401
    assert "login.microsoftonline.com" in answer.headers["WWW-Authenticate"]
    assert answer.json()["error"]["code"] == "AuthenticationFailed"


def test_a_request_without_an_api_version_is_refused(cloud: Cloud) -> None:
    token = cloud.credential.get_token(f"{MANAGEMENT}/.default").token

    answer = httpx.get(
        f"{MANAGEMENT}{cloud.group_id}", headers={"Authorization": f"Bearer {token}"}
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "MissingApiVersionParameter"


def test_a_group_that_is_missing_is_named(cloud: Cloud) -> None:
    name = unique("nobody-")

    with pytest.raises(HttpResponseError, match=f"'{name}'") as refusal:
        cloud.arm("GET", f"/subscriptions/{cloud.subscription}/resourceGroups/{name}")

    assert code(refusal) == (404, "ResourceGroupNotFound")


def test_a_resource_that_is_missing_is_named_with_its_group(cloud: Cloud) -> None:
    name = unique("nobody-")

    with pytest.raises(HttpResponseError, match=rf"{name}' under resource group") as refusal:
        cloud.arm("GET", cloud.id_of(IDENTITIES, name))

    assert code(refusal) == (404, "ResourceNotFound")


def test_another_subscription_is_none_of_the_callers_business(cloud: Cloud) -> None:
    other = f"/subscriptions/{uuid.uuid4()}/resourceGroups/any"

    with pytest.raises(HttpResponseError) as refusal:
        cloud.arm("GET", other)

    assert code(refusal) in ((404, "SubscriptionNotFound"), (403, "AuthorizationFailed"))


def test_a_resource_is_found_in_any_letter_case_and_keeps_its_own(cloud: Cloud) -> None:
    name = unique("Contract-Case-")
    made = cloud.make(IDENTITIES, name, tags={"For": "Contract"})

    found = cloud.arm("GET", cloud.id_of(IDENTITIES.upper(), name.upper()), version="2024-11-30")

    assert (found["name"], found["id"]) == (name, made["id"])
    assert found["tags"] == {"For": "Contract"}


def test_a_resource_that_is_put_twice_keeps_who_it_is(cloud: Cloud) -> None:
    name = unique("contract-twice-")
    first = cloud.make(IDENTITIES, name)

    second = cloud.make(IDENTITIES, name, tags={"put": "twice"})

    assert second["properties"] == first["properties"]
    assert second["tags"] == {"put": "twice"}


def test_a_resource_stays_in_its_region(cloud: Cloud) -> None:
    name = unique("contract-moved-")
    cloud.make(IDENTITIES, name)
    elsewhere = "eastus" if cloud.location != "eastus" else "westeurope"

    with pytest.raises(HttpResponseError) as refusal:
        cloud.arm("PUT", cloud.id_of(IDENTITIES, name), {"location": elsewhere})

    assert code(refusal) == (409, "InvalidResourceLocation")


@pytest.mark.parametrize("name", ["1st", "a--b", "x" * 25])
def test_vault_names_that_azure_refuses_are_refused(cloud: Cloud, name: str) -> None:
    body = {
        "location": cloud.location,
        "properties": {"tenantId": cloud.tenant, "sku": {"family": "A", "name": "standard"}},
    }

    with pytest.raises(HttpResponseError) as refusal:
        cloud.arm("PUT", cloud.id_of(VAULTS, name), body)

    assert code(refusal) == (400, "VaultNameNotValid")


@pytest.mark.parametrize("name", ["ab", "With-Dash", "x" * 25])
def test_storage_account_names_that_azure_refuses_are_refused(cloud: Cloud, name: str) -> None:
    body = {"location": cloud.location, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}

    with pytest.raises(HttpResponseError, match=re.escape(name)) as refusal:
        cloud.arm("PUT", cloud.id_of(ACCOUNTS, name), body)

    assert code(refusal) == (400, "AccountNameInvalid")
