"""azure-identity, azure-mgmt-resource and azure-mgmt-authorization."""

import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.identity import (
    ClientSecretCredential,
    DefaultAzureCredential,
    EnvironmentCredential,
)
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import GenericResource, ResourceGroup

from tests.clients.conftest import LOCATION

IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
VERSION = "2024-11-30"
MANAGEMENT = "https://management.azure.com/.default"


def make_identity(resources: ResourceManagementClient, path: str) -> dict[str, str]:
    """The properties of a new managed identity."""
    wanted = GenericResource(location=LOCATION)
    client = resources.resources
    made: Any = client.begin_create_or_update_by_id(path, wanted, api_version=VERSION).result()
    return dict(made.properties)


@pytest.mark.parametrize("way", [EnvironmentCredential, DefaultAzureCredential])
@pytest.mark.usefixtures("environment")
def test_credentials_are_found_in_the_environment(
    way: type[EnvironmentCredential | DefaultAzureCredential],
) -> None:
    with way() as found:
        assert found.get_token(MANAGEMENT).token


def test_a_wrong_secret_raises_what_entra_says(environment: Mapping[str, str]) -> None:
    wrong = ClientSecretCredential(
        environment["AZURE_TENANT_ID"], environment["AZURE_CLIENT_ID"], "wrong"
    )

    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        wrong.get_token(MANAGEMENT)


def test_groups_come_and_go(resources: ResourceManagementClient) -> None:
    groups = resources.resource_groups
    made = groups.create_or_update("short", ResourceGroup(location=LOCATION, tags={"for": "test"}))
    found = [one.name for one in groups.list(filter="tagName eq 'for' and tagValue eq 'test'")]
    groups.begin_delete("short").result()

    assert made.properties is not None
    assert made.properties.provisioning_state == "Succeeded"
    assert found == ["short"]
    assert groups.check_existence("short") is False


def test_a_resource_is_made_listed_shown_tagged_and_deleted_by_its_id(
    resources: ResourceManagementClient, subscription: str
) -> None:
    path = f"/subscriptions/{subscription}/resourceGroups/lab/providers/{IDENTITIES}/by-id"
    client = resources.resources

    make_identity(resources, path)
    listed = [one.id for one in client.list(filter=f"resourceType eq '{IDENTITIES}'")]
    in_group = [one.id for one in client.list_by_resource_group("lab")]
    tagged = GenericResource(tags={"a": "b"})
    client.begin_update_by_id(path, tagged, api_version=VERSION).result()
    shown = client.get_by_id(path, api_version=VERSION)
    client.begin_delete_by_id(path, api_version=VERSION).result()

    assert listed == in_group == [path]
    assert shown.tags == {"a": "b"}
    assert list(client.list()) == []


def test_providers_name_the_kinds_that_can_be_made(resources: ResourceManagementClient) -> None:
    found = resources.providers.get("Microsoft.KeyVault")
    registered = resources.providers.register("Microsoft.KeyVault")

    assert registered.registration_state == "Registered"
    assert [kind.resource_type for kind in found.resource_types or []] == ["vaults"]


def test_a_role_is_assigned_once_and_found_by_its_principal(
    resources: ResourceManagementClient, credential: ClientSecretCredential, subscription: str
) -> None:
    group = f"/subscriptions/{subscription}/resourceGroups/lab"
    path = f"{group}/providers/{IDENTITIES}/holder"
    holder = make_identity(resources, path)["principalId"]
    client = AuthorizationManagementClient(credential, subscription)
    [role] = client.role_definitions.list(group, filter="roleName eq 'Reader'")
    wanted = RoleAssignmentCreateParameters(
        role_definition_id=str(role.id), principal_id=holder, principal_type="ServicePrincipal"
    )

    first = client.role_assignments.create(group, str(uuid.uuid4()), wanted)
    with pytest.raises(HttpResponseError) as refusal:
        client.role_assignments.create(group, str(uuid.uuid4()), wanted)
    found = client.role_assignments.list_for_scope(group, filter=f"principalId eq '{holder}'")

    assert refusal.value.error is not None
    assert refusal.value.error.code == "RoleAssignmentExists"
    assert [one.id for one in found] == [first.id]
    client.role_assignments.delete(group, str(first.name))
    assert list(client.role_assignments.list_for_scope(group, filter="atScope()")) != []
