"""PostgreSQL flexible servers through azure-mgmt-postgresqlflexibleservers, and our own step."""

import pytest

from tasks import catalogue, database, key_vault
from tasks.errors import RefusedError
from tests.contract.conftest import Cloud, unique


def password(cloud: Cloud, value: str) -> key_vault.Sealed:
    """A secret of the vault with this value."""
    name = unique("pg-password-")
    cloud.secrets.set_secret(name, value)
    return key_vault.Sealed(cloud.vault.uri, name)


def set_password(cloud: Cloud, sealed: key_vault.Sealed) -> bool:
    return database.set_password.fn(
        cloud.subscription, cloud.group, cloud.server, sealed, cloud.pause
    )


def test_a_server_tells_when_it_was_born_and_never_its_password(cloud: Cloud) -> None:
    found = cloud.databases.servers.get(cloud.group, cloud.server)

    assert found.system_data is not None
    assert found.system_data.created_at is not None
    assert found.properties is not None
    assert found.properties.state == "Ready"
    assert found.properties.administrator_login_password is None


def test_our_step_sets_a_password_once(cloud: Cloud) -> None:
    sealed = password(cloud, catalogue.password())

    assert set_password(cloud, sealed)
    assert not set_password(cloud, sealed)


def test_our_step_sets_a_new_version_again(cloud: Cloud) -> None:
    sealed = password(cloud, catalogue.password())
    set_password(cloud, sealed)
    cloud.secrets.set_secret(sealed.name, catalogue.password())

    assert set_password(cloud, sealed)


def test_a_password_that_azure_refuses_stays_unapplied(cloud: Cloud) -> None:
    sealed = password(cloud, "short")

    with pytest.raises(RefusedError):
        set_password(cloud, sealed)

    assert sealed.applied_to() == ""


def test_our_step_names_a_server_that_is_missing(cloud: Cloud) -> None:
    name = unique("nobody-")
    sealed = password(cloud, catalogue.password())

    with pytest.raises(RefusedError, match=f"PostgreSQL server {name}.*404 ResourceNotFound"):
        database.set_password.fn(cloud.subscription, cloud.group, name, sealed, 1)
