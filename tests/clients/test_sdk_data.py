"""The SDKs of Key Vault, storage and PostgreSQL."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters
from azure.mgmt.keyvault import KeyVaultManagementClient
from azure.mgmt.keyvault.models import (
    NetworkRuleSet,
    Sku,
    VaultCreateOrUpdateParameters,
    VaultProperties,
)
from azure.mgmt.postgresqlflexibleservers import PostgreSQLManagementClient
from azure.mgmt.postgresqlflexibleservers.models import (
    ConfigurationForUpdate,
    ConfigurationProperties,
    Server,
    ServerProperties,
)
from azure.mgmt.postgresqlflexibleservers.models import Sku as ServerSku
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient
from azure.mgmt.storage.models import BlobContainer, StorageAccountCreateParameters
from azure.mgmt.storage.models import Sku as StorageSku
from azure.mgmt.storage.models import StorageAccountRegenerateKeyParameters as RenewedKey

from tests.clients.conftest import LOCATION, PAUSE

OFFICER = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"


# --- Vaults --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def vaults(
    resources: ResourceManagementClient, credential: ClientSecretCredential, subscription: str
) -> KeyVaultManagementClient:
    assert resources.resource_groups.check_existence("lab")
    return KeyVaultManagementClient(credential, subscription, polling_interval=PAUSE)


def wanted_vault(environment: Mapping[str, str]) -> VaultCreateOrUpdateParameters:
    properties = VaultProperties(
        tenant_id=environment["AZURE_TENANT_ID"],
        sku=Sku(family="A", name="standard"),
        enable_rbac_authorization=True,
        network_acls=NetworkRuleSet(default_action="Allow", bypass="AzureServices"),
    )
    return VaultCreateOrUpdateParameters(location=LOCATION, properties=properties)


@pytest.fixture(scope="module")
def secrets(
    vaults: KeyVaultManagementClient,
    credential: ClientSecretCredential,
    environment: Mapping[str, str],
    subscription: str,
) -> Iterator[SecretClient]:
    """What lies in a vault whose secrets the deployer manages."""
    wanted = wanted_vault(environment)
    made = vaults.vaults.begin_create_or_update("lab", "lab-sdk-kv", wanted).result()
    client = AuthorizationManagementClient(credential, subscription)
    token = credential.get_token("https://vault.azure.net/.default").token
    role = RoleAssignmentCreateParameters(
        role_definition_id=f"/subscriptions/{subscription}/providers"
        f"/Microsoft.Authorization/roleDefinitions/{OFFICER}",
        principal_type="ServicePrincipal",
        principal_id=str(jwt.decode(token, options={"verify_signature": False})["oid"]),
    )
    client.role_assignments.create(str(made.id), str(uuid.uuid4()), role)
    with SecretClient(str(made.properties.vault_uri), credential) as found:
        yield found


def test_a_vault_is_deleted_softly_until_it_is_purged(
    vaults: KeyVaultManagementClient, environment: Mapping[str, str]
) -> None:
    wanted = wanted_vault(environment)
    vaults.vaults.begin_create_or_update("lab", "lab-sdk-passing", wanted).result()
    names = [one.name for one in vaults.vaults.list_by_resource_group("lab")]
    vaults.vaults.delete("lab", "lab-sdk-passing")
    with pytest.raises(HttpResponseError, match="already exists in deleted state"):
        vaults.vaults.begin_create_or_update("lab", "lab-sdk-passing", wanted).result()
    deleted = [one.name for one in vaults.vaults.list_deleted()]
    vaults.vaults.begin_purge_deleted("lab-sdk-passing", LOCATION).result()

    assert "lab-sdk-passing" in names
    assert deleted == ["lab-sdk-passing"]
    assert list(vaults.vaults.list_deleted()) == []


def test_a_secret_has_versions_and_properties(secrets: SecretClient) -> None:
    first = secrets.set_secret("one", "first", tags={"a": "b"})
    second = secrets.set_secret("one", "second")
    secrets.update_secret_properties("one", content_type="text/plain")

    assert secrets.get_secret("one").value == "second"
    assert secrets.get_secret("one").properties.content_type == "text/plain"
    assert secrets.get_secret("one", first.properties.version).value == "first"
    versions = {one.version for one in secrets.list_properties_of_secret_versions("one")}
    assert versions == {first.properties.version, second.properties.version}


def test_more_secrets_than_a_page_holds_are_all_listed(secrets: SecretClient) -> None:
    names = {f"many-{at}" for at in range(30)}
    for name in names:
        secrets.set_secret(name, "x")

    assert names <= {one.name for one in secrets.list_properties_of_secrets()}


def test_a_deleted_secret_is_recovered_or_purged(secrets: SecretClient) -> None:
    secrets.set_secret("passing", "kept")
    secrets.begin_delete_secret("passing").result()
    with pytest.raises(ResourceExistsError, match="deleted but recoverable"):
        secrets.set_secret("passing", "new")
    deleted = [one.name for one in secrets.list_deleted_secrets()]
    secrets.begin_recover_deleted_secret("passing").result()
    back = secrets.get_secret("passing").value
    secrets.begin_delete_secret("passing").result()
    secrets.purge_deleted_secret("passing")

    assert (deleted, back) == (["passing"], "kept")
    with pytest.raises(ResourceNotFoundError, match="SecretNotFound"):
        secrets.get_secret("passing")


def test_a_backup_is_not_simulated_and_said_so(secrets: SecretClient) -> None:
    secrets.set_secret("safe", "x")

    with pytest.raises(HttpResponseError, match="SandboxUnsupported"):
        secrets.backup_secret("safe")


def test_async_clients_take_the_same_way(
    secrets: SecretClient, environment: Mapping[str, str]
) -> None:
    # A process of its own: aiohttp reads SSL_CERT_FILE when it is imported, and never again.
    program = [sys.executable, str(Path(__file__).with_name("async_program.py"))]

    ended = subprocess.run(
        [*program, secrets.vault_url],
        env={**environment, "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {"groups": ["lab"], "same": True}
    assert secrets.get_secret("from-async").value == "value"


# --- Storage and databases -----------------------------------------------------------------------


@pytest.mark.usefixtures("resources")
def test_a_storage_account_has_keys_and_containers(
    credential: ClientSecretCredential, subscription: str
) -> None:
    client = StorageManagementClient(credential, subscription, polling_interval=PAUSE)
    accounts, name = client.storage_accounts, "labsdkstore"
    wanted = StorageAccountCreateParameters(
        location=LOCATION, kind="StorageV2", sku=StorageSku(name="Standard_LRS")
    )
    made = accounts.begin_create("lab", name, wanted).result()
    before = [key.value for key in accounts.list_keys("lab", name).keys_property or []]
    after = accounts.regenerate_key("lab", name, RenewedKey(key_name="key1")).keys_property or []
    client.blob_containers.create("lab", name, "box", BlobContainer())

    assert [one.id for one in accounts.list()] == [made.id]
    assert [key.value == old for key, old in zip(after, before, strict=True)] == [False, True]
    assert [one.name for one in client.blob_containers.list("lab", name)] == ["box"]
    accounts.delete("lab", name)
    with pytest.raises(ResourceNotFoundError):
        accounts.get_properties("lab", name)


@pytest.mark.usefixtures("resources")
def test_a_database_server_is_made_set_up_and_restarted(
    credential: ClientSecretCredential, subscription: str
) -> None:
    client = PostgreSQLManagementClient(credential, subscription, polling_interval=PAUSE)
    server = ("lab", "lab-sdk-pg")
    wanted = Server(
        location=LOCATION,
        sku=ServerSku(name="Standard_D2ds_v5", tier="GeneralPurpose"),
        properties=ServerProperties(
            administrator_login="supabase",
            administrator_login_password="a-Long-passw0rd",
            version="16",
        ),
    )
    [offered] = client.capabilities_by_location.list(LOCATION)
    made: Any = client.servers.begin_create_or_update(*server, wanted).result()
    setting = ConfigurationForUpdate(
        properties=ConfigurationProperties(value="logical", source="user-override")
    )
    client.configurations.begin_put(*server, "wal_level", setting).result()
    client.servers.begin_restart(*server).result()
    held: Any = client.configurations.get(*server, "wal_level")

    tiers = [one.name for one in offered.supported_server_editions or []]
    assert "GeneralPurpose" in tiers
    assert made.properties.state == "Ready"
    assert held.properties.value == "logical"
    client.servers.begin_delete(*server).result()
    assert list(client.servers.list_by_subscription()) == []
