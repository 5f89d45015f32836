"""azure-mgmt-containerservice, and the identity that a workload of a cluster has."""

import base64
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import (
    ClientSecretCredential,
    DefaultAzureCredential,
    WorkloadIdentityCredential,
)
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.containerservice.models import (
    AgentPool,
    CommandResultProperties,
    ManagedCluster,
    ManagedClusterAgentPoolProfile,
    ManagedClusterIdentity,
    ManagedClusterOIDCIssuerProfile,
    ManagedClusterProperties,
    RunCommandRequest,
)
from azure.mgmt.resource.resources import ResourceManagementClient
from azure.mgmt.resource.resources.models import GenericResource

from tests.clients.conftest import LOCATION, PAUSE

CLUSTER = ("lab", "lab-aks")
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
EXCHANGE = "api://AzureADTokenExchange"


@pytest.fixture(scope="module")
def containers(
    resources: ResourceManagementClient, credential: ClientSecretCredential, subscription: str
) -> ContainerServiceClient:
    """The service, with one cluster of one pool."""
    client = ContainerServiceClient(credential, subscription, polling_interval=PAUSE)
    pool = ManagedClusterAgentPoolProfile(name="system", mode="System", count=1)
    wanted = ManagedCluster(
        location=LOCATION,
        identity=ManagedClusterIdentity(type="SystemAssigned"),
        properties=ManagedClusterProperties(
            dns_prefix="lab",
            agent_pool_profiles=[pool],
            oidc_issuer_profile=ManagedClusterOIDCIssuerProfile(enabled=True),
        ),
    )
    assert resources.resource_groups.check_existence("lab")
    client.managed_clusters.begin_create_or_update(*CLUSTER, wanted).result()
    return client


def run(client: ContainerServiceClient, command: str, **files: str) -> CommandResultProperties:
    """What became of a command, with its files beside it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    context = base64.b64encode(packed.getvalue()).decode() if files else None
    request = RunCommandRequest(command=command, context=context)
    ended = client.managed_clusters.begin_run_command(*CLUSTER, request).result()
    assert ended.properties is not None
    return ended.properties


def make(client: ResourceManagementClient, path: str, wanted: GenericResource) -> dict[str, Any]:
    """The properties of a new identity, or of what belongs to one."""
    by_id = client.resources.begin_create_or_update_by_id
    made: Any = by_id(path, wanted, api_version="2024-11-30").result()
    return dict(made.properties)


def test_a_cluster_is_found_with_its_pools(containers: ContainerServiceClient) -> None:
    [listed] = containers.managed_clusters.list()
    [pool] = containers.agent_pools.list(*CLUSTER)

    assert listed.id == containers.managed_clusters.get(*CLUSTER).id
    assert pool.name == "system"


def test_a_pool_is_added_and_deleted(containers: ContainerServiceClient) -> None:
    wanted = AgentPool({"properties": {"count": 1, "vmSize": "Standard_D4s_v5"}})

    made = containers.agent_pools.begin_create_or_update(*CLUSTER, "extra", wanted).result()
    containers.agent_pools.begin_delete(*CLUSTER, "extra").result()

    assert made.name == "extra"
    assert [pool.name for pool in containers.agent_pools.list(*CLUSTER)] == ["system"]


def test_the_last_system_pool_cannot_be_deleted(containers: ContainerServiceClient) -> None:
    with pytest.raises(HttpResponseError, match="at least one system node pool"):
        containers.agent_pools.begin_delete(*CLUSTER, "system").result()


def test_a_cluster_tells_what_it_can_be_upgraded_to(containers: ContainerServiceClient) -> None:
    offered = containers.managed_clusters.list_kubernetes_versions(LOCATION)
    profile = containers.managed_clusters.get_upgrade_profile(*CLUSTER)

    assert "1.34" in [one.version for one in offered.values_property or []]
    assert profile.properties.control_plane_profile.kubernetes_version == "1.34.1"


def test_a_command_finds_its_files_and_its_failure_is_a_success(
    containers: ContainerServiceClient,
) -> None:
    ended = run(containers, "cat note.txt; exit 3", **{"note.txt": "from the zip"})

    assert (ended.provisioning_state, ended.exit_code) == ("Succeeded", 3)
    assert "from the zip" in (ended.logs or "")


def test_a_workload_signs_in_with_the_token_of_its_service_account(
    containers: ContainerServiceClient,
    resources: ResourceManagementClient,
    environment: Mapping[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster: Any = containers.managed_clusters.get(*CLUSTER)
    path = f"{str(cluster.id).partition('/providers/')[0]}/providers/{IDENTITIES}/worker"
    made = make(resources, path, GenericResource(location=LOCATION))
    trust = {
        "issuer": cluster.properties.oidc_issuer_profile.issuer_url,
        "subject": "system:serviceaccount:default:default",
        "audiences": [EXCHANGE],
    }
    make(
        resources,
        f"{path}/federatedIdentityCredentials/default",
        GenericResource(properties=trust),
    )
    token = tmp_path / "token"
    command = f"kubectl create token default --audience {EXCHANGE}"
    token.write_text((run(containers, command).logs or "").strip())
    tenant, worker = environment["AZURE_TENANT_ID"], str(made["clientId"])

    given = WorkloadIdentityCredential(
        tenant_id=tenant, client_id=worker, token_file_path=str(token)
    ).get_token("https://vault.azure.net/.default")
    monkeypatch.delenv("AZURE_CLIENT_SECRET")  # As in a pod: the webhook sets the rest.
    monkeypatch.setenv("AZURE_CLIENT_ID", worker)
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", str(token))
    found = DefaultAzureCredential().get_token("https://vault.azure.net/.default")

    assert given.token
    assert found.token
