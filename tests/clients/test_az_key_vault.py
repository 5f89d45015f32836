"""`az keyvault`: a vault, what is in it, and what its deletion leaves behind."""

from pathlib import Path

import pytest

from tests.clients.azure_cli import Az
from tests.clients.conftest import LOCATION

NAME = "lab-az-kv"
VAULT = ("--vault-name", NAME)


@pytest.fixture(scope="module", autouse=True)
def vault_id(az: Az, group: str) -> str:
    """A vault whose secrets the deployer may manage, once owning it was not enough."""
    made = az(
        "keyvault", "create", "--name", NAME, "--resource-group", group, "--default-action", "Allow"
    )
    said = az.refused("keyvault", "secret", "set", *VAULT, "--name", "early", "--value", "1")
    assert "Caller is not authorized to perform action on resource." in said
    assert "ForbiddenByRbac" in said
    az(
        *("role", "assignment", "create", "--role", "Key Vault Secrets Officer"),
        *("--assignee", az.cloud["ARM_CLIENT_ID"], "--scope", made["id"]),
    )
    return str(made["id"])


def secret(az: Az, *words: str) -> str:
    return str(az("keyvault", "secret", *words, *VAULT)["value"])


def test_a_secret_has_versions_and_its_newest_value(az: Az, tmp_path: Path) -> None:
    for value in ("first", "second"):
        az("keyvault", "secret", "set", *VAULT, "--name", "one", "--value", value, "--tags", "a=b")
    versions = az("keyvault", "secret", "list-versions", *VAULT, "--name", "one")
    oldest = min(versions, key=lambda one: one["attributes"]["created"])
    file = tmp_path / "one"
    az("keyvault", "secret", "download", *VAULT, "--name", "one", "--file", str(file))

    assert secret(az, "show", "--name", "one") == file.read_text() == "second"
    assert len(versions) == 2
    assert "value" not in oldest or oldest["value"] is None
    assert [one["name"] for one in az("keyvault", "secret", "list", *VAULT)] == ["one"]


def test_a_deleted_secret_keeps_its_name_until_it_is_recovered_or_purged(az: Az) -> None:
    name = ("--name", "passing")
    az("keyvault", "secret", "set", *VAULT, *name, "--value", "kept")
    az("keyvault", "secret", "delete", *VAULT, *name)
    said = az.refused("keyvault", "secret", "set", *VAULT, *name, "--value", "new")
    gone = az("keyvault", "secret", "list-deleted", *VAULT, "--query", "[].name")
    az("keyvault", "secret", "recover", *VAULT, *name)
    back = secret(az, "show", *name)
    az("keyvault", "secret", "delete", *VAULT, *name)
    az("keyvault", "secret", "purge", *VAULT, *name)

    assert "ObjectIsDeletedButRecoverable" in said
    assert (gone, back) == (["passing"], "kept")
    assert "(SecretNotFound)" in az.refused("keyvault", "secret", "show", *VAULT, *name, code=3)


def test_a_deleted_vault_keeps_its_name_until_it_is_recovered_or_purged(az: Az, group: str) -> None:
    name = ("--name", "lab-az-passing")
    create = ("keyvault", "create", *name, "--resource-group", group, "--location", LOCATION)
    made = az(*create)
    az("keyvault", "delete", *name)
    said = az.refused(*create)
    deleted = az("keyvault", "list-deleted", "--query", "[].name")
    az("keyvault", "recover", *name)
    back = az("keyvault", "show", *name)
    az("keyvault", "delete", *name)
    az("keyvault", "purge", *name)

    assert "(ConflictError) A vault with the same name already exists in deleted state." in said
    assert deleted == ["lab-az-passing"]
    assert back["id"] == made["id"]
    assert az("keyvault", "list", "--query", "[].name") == [NAME]
    assert az("keyvault", "list-deleted") == []


def test_a_vault_that_keeps_the_internet_out_says_so(az: Az, group: str) -> None:
    closed = ("--name", "lab-az-closed", "--resource-group", group)
    az("keyvault", "create", *closed, "--public-network-access", "Disabled")

    said = az.refused("keyvault", "secret", "list", "--vault-name", "lab-az-closed")

    assert "Public network access is disabled" in said
    az("keyvault", "delete", "--name", "lab-az-closed")


def test_a_backup_is_not_simulated_and_said_so(az: Az, tmp_path: Path) -> None:
    backup = ("--name", "one", "--file", str(tmp_path / "backup"))

    assert "SandboxUnsupported" in az.refused("keyvault", "secret", "backup", *VAULT, *backup)
