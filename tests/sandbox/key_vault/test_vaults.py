"""Vaults in Resource Manager: names, rules, deletion."""

from typing import Any

import pytest

from tests.sandbox.conftest import Azure, error_of
from tests.sandbox.key_vault.conftest import VAULT

LOCATION = "/subscriptions/00000000-0000-0000-0000-00000000babe/providers/Microsoft.KeyVault"
DELETED = f"{LOCATION}/locations/westeurope/deletedVaults/lab-kv"


@pytest.mark.parametrize("name", ["1st", "a--b", "x" * 25, "ab", "ends-"])
def test_names_that_azure_refuses_are_refused(azure: Azure, name: str) -> None:
    answer = azure.arm("PUT", f"Microsoft.KeyVault/vaults/{name}", {"location": "westeurope"})

    assert error_of(answer) == (400, "VaultNameNotValid")


def test_a_vault_has_an_address_only_once_it_is_built(slow_azure: Azure) -> None:
    azure = slow_azure
    azure.new_vault()

    assert azure.arm("GET", VAULT).json()["properties"]["provisioningState"] == "Creating"
    with pytest.raises(Exception, match="does not exist"):
        azure.vault("GET", "/secrets")

    azure.pass_time(121)

    assert error_of(azure.vault("GET", "/secrets")) == (403, "Forbidden")


def test_a_deleted_vault_keeps_its_name_until_it_is_purged(azure: Azure) -> None:
    azure.new_vault()
    azure.arm("DELETE", VAULT)
    body = {
        "location": "westeurope",
        "properties": {"tenantId": azure.identity.tenant, "sku": {"name": "standard"}},
    }

    taken = azure.arm("PUT", VAULT, body)
    found = azure.arm("GET", DELETED).json()["properties"]
    purged = azure.arm("POST", f"{DELETED}/purge")
    free = azure.arm("PUT", VAULT, body)

    assert error_of(taken) == (409, "ConflictError")
    assert found["vaultId"].endswith(VAULT)
    assert (purged.status_code, free.status_code) == (202, 201)


def test_a_recovered_vault_still_has_its_secrets(officer: Azure) -> None:
    officer.vault("PUT", "/secrets/one", {"value": "kept"})
    officer.arm("DELETE", VAULT)
    lost = {"createMode": "recover", "tenantId": officer.identity.tenant, "sku": {"name": "x"}}

    officer.arm("PUT", VAULT, {"location": "westeurope", "properties": lost})
    scope = f"{officer.group}/providers/{VAULT}"
    officer.grant("Key Vault Secrets User", officer.identity.object, scope)

    assert officer.vault("GET", "/secrets/one").json()["value"] == "kept"


def test_recovering_what_never_was_is_refused(azure: Azure) -> None:
    lost = {"createMode": "recover", "tenantId": azure.identity.tenant, "sku": {"name": "x"}}

    answer = azure.arm("PUT", VAULT, {"location": "westeurope", "properties": lost})

    assert error_of(answer) == (404, "SoftDeletedVaultDoesNotExist")


def test_purge_protection_outlives_every_wish(azure: Azure) -> None:
    azure.new_vault(enablePurgeProtection=True)

    opened = azure.arm("PATCH", VAULT, {"properties": {"enablePurgeProtection": False}})
    azure.arm("DELETE", VAULT)
    purged = azure.arm("POST", f"{DELETED}/purge")

    assert error_of(opened) == (400, "BadRequest")
    assert error_of(purged) == (405, "MethodNotAllowed")


@pytest.mark.parametrize(
    "wanted",
    [
        {"networkAcls": "nope"},
        {"networkAcls": {"ipRules": "abc"}},
        {"networkAcls": {"ipRules": [{}]}},
        {"networkAcls": {"ipRules": [{"value": "foo"}]}},
        {"networkAcls": {"virtualNetworkRules": [{"id": "foo"}]}},
        {"accessPolicies": ["x"]},
        {"accessPolicies": [{"objectId": "x"}]},
        {"softDeleteRetentionInDays": "long"},
    ],
)
def test_rules_that_are_none_are_refused_and_not_kept(
    officer: Azure, wanted: dict[str, Any]
) -> None:
    made = officer.arm("PATCH", VAULT, {"properties": wanted})

    assert made.status_code == 400
    assert made.json()["error"]["code"]
    assert officer.vault("GET", "/secrets").status_code == 200


def test_what_a_request_leaves_empty_has_its_default(azure: Azure) -> None:
    scope = azure.new_vault(softDeleteRetentionInDays=None, accessPolicies=None)
    azure.grant("Key Vault Secrets Officer", azure.identity.object, scope)

    made = azure.vault("PUT", "/secrets/one", {"value": "1"}).json()

    assert made["attributes"]["recoverableDays"] == 90
