"""Deleted secrets and keys: gone, kept, brought back, purged."""

from tests.sandbox.conftest import Azure, error_of
from tests.sandbox.key_vault.conftest import VAULT, inner


def test_a_deleted_secret_keeps_its_name_and_comes_back(officer: Azure) -> None:
    officer.vault("PUT", "/secrets/one", {"value": "1"})

    deleted = officer.vault("DELETE", "/secrets/one").json()
    again = officer.vault("PUT", "/secrets/ONE", {"value": "2"})
    officer.vault("POST", "/deletedsecrets/one/recover")

    assert deleted["recoveryId"] == "https://lab-kv.vault.azure.net/deletedsecrets/one"
    assert (again.status_code, inner(again)) == (409, "ObjectIsDeletedButRecoverable")
    assert officer.vault("GET", "/secrets/one").json()["value"] == "1"


def test_a_purged_secret_leaves_its_name_free(officer: Azure) -> None:
    officer.vault("PUT", "/secrets/one", {"value": "1"})
    officer.vault("DELETE", "/secrets/one")

    purged = officer.vault("DELETE", "/deletedsecrets/one")
    fresh = officer.vault("PUT", "/secrets/one", {"value": "2"})

    assert (purged.status_code, fresh.status_code) == (204, 200)


def test_a_protected_vault_purges_no_secret(officer: Azure) -> None:
    officer.arm("PATCH", VAULT, {"properties": {"enablePurgeProtection": True}})
    made = officer.vault("PUT", "/secrets/one", {"value": "1"}).json()
    officer.vault("DELETE", "/secrets/one")

    refused = officer.vault("DELETE", "/deletedsecrets/one")

    assert made["attributes"]["recoveryLevel"] == "Recoverable"
    assert refused.status_code == 403
    assert officer.vault("GET", "/deletedsecrets/one").status_code == 200


def test_a_secret_is_kept_as_long_as_its_vault_says(azure: Azure) -> None:
    vault = azure.new_vault(softDeleteRetentionInDays=7)
    azure.grant("Key Vault Secrets Officer", azure.identity.object, vault)
    made = azure.vault("PUT", "/secrets/one", {"value": "1"}).json()

    deleted = azure.vault("DELETE", "/secrets/one").json()

    assert made["attributes"]["recoveryLevel"] == "CustomizedRecoverable+Purgeable"
    assert deleted["scheduledPurgeDate"] - deleted["deletedDate"] == 7 * 86400


def test_a_deletion_shows_only_after_a_while(slow_azure: Azure) -> None:
    azure = slow_azure
    vault = azure.new_vault()
    azure.pass_time(121)
    azure.grant("Key Vault Secrets Officer", azure.identity.object, vault)
    azure.pass_time(181)
    azure.vault("PUT", "/secrets/one", {"value": "1"})
    azure.vault("DELETE", "/secrets/one")

    early = azure.vault("GET", "/deletedsecrets/one")
    reused = azure.vault("PUT", "/secrets/one", {"value": "2"})
    azure.pass_time(5)
    late = azure.vault("GET", "/deletedsecrets/one")

    assert error_of(early) == (404, "SecretNotFound")
    assert inner(reused) == "ObjectIsBeingDeleted"
    assert late.status_code == 200


def test_certificates_are_refused_plainly(officer: Azure) -> None:
    assert error_of(officer.vault("GET", "/certificates")) == (501, "SandboxUnsupported")


def test_who_keeps_secrets_sees_no_keys(officer: Azure) -> None:
    refused = officer.vault("GET", "/keys")

    assert (refused.status_code, inner(refused)) == (403, "ForbiddenByRbac")


def test_a_key_is_made_deleted_and_brought_back(azure: Azure) -> None:
    scope = azure.new_vault()
    azure.grant("Key Vault Administrator", azure.identity.object, scope)
    made = azure.vault("POST", "/keys/one/create", {"kty": "RSA"}).json()

    deleted = azure.vault("DELETE", "/keys/one").json()
    gone = azure.vault("GET", "/keys/one/")
    azure.vault("POST", "/deletedkeys/one/recover")
    back = azure.vault("GET", "/keys/one/").json()

    assert deleted["recoveryId"].endswith("/deletedkeys/one")
    assert error_of(gone) == (404, "KeyNotFound")
    assert back["key"]["n"] == made["key"]["n"]
