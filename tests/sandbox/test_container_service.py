"""Microsoft.ContainerService, as an ARM client sees it."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from starlette.applications import Starlette

from sandbox import arm
from sandbox.arm import SUBSCRIPTION, ArmError, Caller, ResourceId
from sandbox.cloud import container_service
from sandbox.cloud.container_service import ClusterAccess, Commands, Execution
from sandbox.cloud.container_service.models import Allows
from sandbox.latency import Latency
from sandbox.store import Resource, Store
from sandbox.weather import Weather

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lab"
IDENTITIES = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"
CLUSTER = "managedClusters/lab-aks"
NODES = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/MC_lab_lab-aks_westeurope"
POOL = {"name": "system", "mode": "System", "vmSize": "Standard_D4s_v5", "count": 2}


def cluster(**properties: Any) -> dict[str, Any]:
    wanted = {
        "dnsPrefix": "lab",
        "disableLocalAccounts": True,
        "apiServerAccessProfile": {"enablePrivateCluster": True},
        "oidcIssuerProfile": {"enabled": True},
        "agentPoolProfiles": [POOL],
    }
    return {
        "location": "westeurope",
        "identity": {
            "type": "UserAssigned",
            "userAssignedIdentities": {f"{IDENTITIES}/cluster": {}},
        },
        "properties": wanted | properties,
    }


class Cloud:
    """A group in a simulated cloud, and one that calls it."""

    def __init__(self, latency: Latency | None = None, allows: Allows | None = None) -> None:
        self.time = 1000.0
        self.store = Store(latency, clock=lambda: self.time)
        self.store.put(ResourceId(GROUP), {"location": "westeurope"})
        for name in ("cluster", "kubelet"):
            known = {"clientId": f"client-{name}", "principalId": f"principal-{name}"}
            self.store.put(ResourceId(f"{IDENTITIES}/{name}"), {"properties": known})
        runs = Execution(self.store.latency, Path(), Weather(self.store.latency))
        commands = Commands(nowhere, never, runs)
        app = Starlette(
            routes=container_service.routes(self.store, commands, allows),
            exception_handlers={arm.ArmError: arm.answer},
        )

        async def known_caller(scope: Any, receive: Any, send: Any) -> None:
            await app(scope | {"caller": Caller("object", "application")}, receive, send)

        self.app = known_caller

    def __call__(self, verb: str, path: str, body: Any = None) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport) as client:
                url = f"https://{arm.HOST}{GROUP}/providers/Microsoft.ContainerService/{path}"
                return await client.request(
                    verb, url, json=body, params={"api-version": "2025-10-01"}
                )

        return asyncio.run(send())

    def properties(self) -> dict[str, Any]:
        found: dict[str, Any] = self("GET", CLUSTER).json()["properties"]
        return found


async def nowhere(_resource: Resource) -> ClusterAccess:
    raise ArmError(404, "NotFound", "No cluster runs.")


def never(_token: str, _audience: str) -> Caller:
    raise AssertionError


@pytest.fixture
def cloud() -> Cloud:
    cloud = Cloud()
    cloud("PUT", CLUSTER, cluster())
    return cloud


def test_a_private_cluster_has_its_name_in_a_zone_of_its_network(cloud: Cloud) -> None:
    shown = cloud.properties()

    assert shown["privateFQDN"].startswith("lab-")
    assert shown["privateFQDN"].endswith(".privatelink.westeurope.azmk8s.io")
    assert "fqdn" not in shown


def test_a_cluster_tells_what_other_resources_need(cloud: Cloud) -> None:
    shown = cloud("GET", CLUSTER).json()

    properties = shown["properties"]
    assert properties["oidcIssuerProfile"]["issuerURL"].startswith(
        f"https://westeurope.oic.prod-aks.azure.com/{cloud.store.tenant}/"
    )
    assert properties["oidcIssuerProfile"]["issuerURL"].endswith("/")
    assert properties["currentKubernetesVersion"] == "1.34.1"
    assert properties["nodeResourceGroup"] == "MC_lab_lab-aks_westeurope"
    assert properties["powerState"] == {"code": "Running"}
    held = shown["identity"]["userAssignedIdentities"][f"{IDENTITIES}/cluster"]
    assert held == {"clientId": "client-cluster", "principalId": "principal-cluster"}


def test_a_given_kubelet_identity_is_named_with_its_ids() -> None:
    cloud = Cloud()
    kubelet = {"kubeletidentity": {"resourceId": f"{IDENTITIES}/kubelet"}}

    cloud("PUT", CLUSTER, cluster(identityProfile=kubelet))

    found = cloud.properties()["identityProfile"]["kubeletidentity"]
    assert (found["clientId"], found["objectId"]) == ("client-kubelet", "principal-kubelet")


def test_otherwise_the_nodes_get_an_identity_that_can_hold_roles(cloud: Cloud) -> None:
    found = cloud.properties()["identityProfile"]["kubeletidentity"]

    assert found["resourceId"].startswith(f"{NODES}/")
    assert found["objectId"] in cloud.store.principals


def test_the_role_on_the_kubelet_identity_must_have_arrived() -> None:
    cloud = Cloud(allows=lambda _principal, _action, _scope: False)
    kubelet = {"kubeletidentity": {"resourceId": f"{IDENTITIES}/kubelet"}}

    answer = cloud("PUT", CLUSTER, cluster(identityProfile=kubelet))

    assert answer.status_code == 400
    assert answer.json()["code"] == "CustomKubeletIdentityMissingPermissionError"


def test_the_role_on_a_zone_of_ones_own_must_have_arrived() -> None:
    cloud = Cloud(allows=lambda _principal, _action, _scope: False)
    zone = f"{GROUP}/providers/Microsoft.Network/privateDnsZones/privatelink.westeurope.azmk8s.io"
    cloud.store.put(ResourceId(zone), {"location": "global"})
    profile = {"enablePrivateCluster": True, "privateDNSZone": zone}

    answer = cloud("PUT", CLUSTER, cluster(apiServerAccessProfile=profile))

    assert answer.status_code == 400
    assert answer.json()["code"] == "CustomPrivateDNSZoneMissingPermissionError"


def test_a_pool_is_shown_alone_and_in_its_cluster(cloud: Cloud) -> None:
    wanted = {"vmSize": "Standard_D8s_v5", "enableAutoScaling": True, "minCount": 1, "maxCount": 5}

    made = cloud("PUT", f"{CLUSTER}/agentPools/apps", {"properties": wanted})

    assert made.status_code == 201
    profiles = {pool["name"]: pool for pool in cloud.properties()["agentPoolProfiles"]}
    assert set(profiles) == {"system", "apps"}
    assert profiles["apps"]["count"] == 1
    assert profiles["system"]["powerState"] == {"code": "Running"}
    assert cloud("GET", f"{CLUSTER}/agentPools/system").json()["properties"]["osType"] == "Linux"


@pytest.mark.parametrize(
    "wrong",
    [
        {"agentPoolProfiles": []},
        {"agentPoolProfiles": [POOL | {"name": "Not-Lower"}]},
        {"agentPoolProfiles": [POOL | {"enableAutoScaling": True, "minCount": 3, "maxCount": 1}]},
    ],
)
def test_what_azure_refuses_is_refused_in_the_shape_of_aks(wrong: dict[str, Any]) -> None:
    cloud = Cloud()

    answer = cloud("PUT", CLUSTER, cluster(**wrong))

    assert (answer.status_code, answer.json()["code"]) == (400, "InvalidParameter")


def test_an_old_version_is_refused() -> None:
    answer = Cloud()("PUT", CLUSTER, cluster(kubernetesVersion="1.20"))

    assert (answer.status_code, answer.json()["code"]) == (400, "K8sVersionNotSupported")


def test_the_last_system_pool_stays(cloud: Cloud) -> None:
    answer = cloud("DELETE", f"{CLUSTER}/agentPools/system")

    assert answer.status_code == 400
    assert cloud("GET", f"{CLUSTER}/agentPools/system").status_code == 200


def test_one_operation_at_a_time() -> None:
    cloud = Cloud(Latency("typical"))
    made = cloud("PUT", CLUSTER, cluster())

    again = cloud("PUT", CLUSTER, cluster())
    pool = cloud("PUT", f"{CLUSTER}/agentPools/apps", {"properties": {"vmSize": "x"}})

    assert made.status_code == 201
    assert made.json()["properties"]["provisioningState"] == "Creating"
    assert "Azure-AsyncOperation" in made.headers
    assert (again.status_code, again.json()["code"]) == (409, "OperationNotAllowed")
    assert "Another operation (Creating) is in progress" in again.json()["message"]
    assert (pool.status_code, pool.json()["code"]) == (409, "OperationNotAllowed")
    cloud.time += 421
    assert cloud.properties()["provisioningState"] == "Succeeded"


def test_a_cluster_waits_for_its_pools() -> None:
    cloud = Cloud(Latency("typical"))
    cloud("PUT", CLUSTER, cluster())
    cloud.time += 421
    cloud("PUT", f"{CLUSTER}/agentPools/apps", {"properties": {"vmSize": "x"}})

    answer = cloud("PUT", CLUSTER, cluster())

    assert answer.status_code == 409
    assert "in progress on agent pool (apps)" in answer.json()["message"]


def test_a_deletion_overtakes_a_creation() -> None:
    cloud = Cloud(Latency("typical"))
    made = cloud("PUT", CLUSTER, cluster())

    deleted = cloud("DELETE", CLUSTER)

    operation = cloud.store.operations[made.headers["Azure-AsyncOperation"].split("/")[-1][:36]]
    assert deleted.status_code == 202
    assert operation.failure is not None
    assert operation.failure.code == "AKSOperationPreemptedByDelete"
    cloud.time += 1000
    assert cloud("GET", CLUSTER).status_code == 404


def test_the_latest_operation_tells_how_far_it_has_come() -> None:
    cloud = Cloud(Latency("typical", own=(("managed_cluster.create", 400.0),)))
    cloud("PUT", CLUSTER, cluster())
    cloud.time += 100

    half_way = cloud("GET", f"{CLUSTER}/operations/latest").json()
    cloud.time += 301
    ended = cloud("GET", f"{CLUSTER}/operations/latest").json()

    assert (half_way["status"], half_way["percentComplete"]) == ("InProgress", 25.0)
    assert (ended["status"], ended["percentComplete"]) == ("Succeeded", 100.0)


def test_what_is_aborted_stays_canceled_and_can_be_changed_again() -> None:
    cloud = Cloud(Latency("typical"))
    cloud("PUT", CLUSTER, cluster())

    aborted = cloud("POST", f"{CLUSTER}/abort")
    again = cloud("POST", f"{CLUSTER}/abort")
    cloud.time += 1000

    assert aborted.status_code == 202
    assert (again.status_code, again.json()["code"]) == (409, "OperationNotAllowed")
    assert cloud.properties()["provisioningState"] == "Canceled"
    assert cloud("GET", f"{CLUSTER}/operations/latest").json()["status"] == "Canceled"
    assert cloud("PUT", CLUSTER, cluster()).status_code == 200


def test_a_stopped_cluster_is_still_succeeded(cloud: Cloud) -> None:
    answer = cloud("POST", f"{CLUSTER}/stop")

    stopped = cloud.properties()
    assert answer.status_code == 202
    assert (stopped["provisioningState"], stopped["powerState"]["code"]) == ("Succeeded", "Stopped")
    cloud("POST", f"{CLUSTER}/start")
    assert cloud.properties()["powerState"]["code"] == "Running"


def test_a_user_gets_a_kubeconfig_without_a_secret(cloud: Cloud) -> None:
    answer = cloud("POST", f"{CLUSTER}/listClusterUserCredential").json()

    found = yaml.safe_load(base64.b64decode(answer["kubeconfigs"][0]["value"]))
    server = f"https://{cloud.properties()['privateFQDN']}:443"
    assert found["clusters"][0]["cluster"]["server"] == server
    assert found["users"][0]["user"]["exec"]["command"] == "kubelogin"


def test_without_local_accounts_nobody_gets_the_administrators(cloud: Cloud) -> None:
    answer = cloud("POST", f"{CLUSTER}/listClusterAdminCredential")

    assert (answer.status_code, answer.json()["code"]) == (400, "BadRequest")


def test_maintenance_configurations_may_be_absent(cloud: Cloud) -> None:
    answer = cloud("GET", f"{CLUSTER}/maintenanceConfigurations/default")

    assert answer.status_code == 404


def test_a_deleted_cluster_takes_its_node_group_along(cloud: Cloud) -> None:
    before = cloud.store.find(NODES)

    answer = cloud("DELETE", CLUSTER)

    assert answer.status_code == 202
    assert before is not None
    assert cloud.store.find(NODES) is None
    assert cloud("GET", CLUSTER).status_code == 404
    assert cloud("DELETE", CLUSTER).status_code == 204


def test_an_update_keeps_names_pools_and_identities(cloud: Cloud) -> None:
    before = cloud.properties()

    cloud("PUT", CLUSTER, cloud("GET", CLUSTER).json() | {"tags": {"team": "data"}})

    assert cloud.properties() == before
