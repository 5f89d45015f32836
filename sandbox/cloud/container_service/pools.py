"""Node pools: resources of their own that a cluster shows as a list."""

import copy
import re
from typing import Any

from sandbox.arm import ResourceId
from sandbox.cloud.container_service import refusals
from sandbox.resource_type import Change
from sandbox.store import Resource, Store

POOLS = "Microsoft.ContainerService/managedClusters/agentPools"
NAME = re.compile(r"^[a-z][a-z0-9]{0,11}$")
DEFAULT_SIZE = "Standard_D2s_v5"  # Azure chooses one by region and quota.
MODES = ("System", "User", "Gateway")
OWN = ("name", "provisioningState", "powerState", "currentOrchestratorVersion", "eTag")


def check(name: str, properties: dict[str, Any], store: Store) -> None:
    if not NAME.match(name):
        raise refusals.invalid(
            "agentPoolProfile.name", f"'{name}': use up to 12 lower-case letters and numbers."
        )
    if properties.get("mode", "User") not in MODES:
        raise refusals.invalid("agentPoolProfile.mode", f"It is one of {', '.join(MODES)}.")
    low, high = properties.get("minCount"), properties.get("maxCount")
    if properties.get("enableAutoScaling"):
        if low is None or high is None or low > high:
            raise refusals.invalid(
                "agentPoolProfile.minCount", f"Pool {name} scales by itself: 0 <= min <= max."
            )
    elif low is not None or high is not None:
        raise refusals.invalid(
            "agentPoolProfile.minCount", f"Pool {name} has limits, but enableAutoScaling is off."
        )
    subnet = properties.get("vnetSubnetID")
    if subnet and store.find(subnet) is None:
        raise refusals.refusal(
            400,
            "VnetSubnetIDNotFound",
            f"The subnet {subnet} of agent pool {name} does not exist.",
        )


def fill(properties: dict[str, Any], version: str, current: str) -> None:
    for key in OWN:
        properties.pop(key, None)
    defaults: dict[str, Any] = {
        "count": properties.get("minCount") or 1,
        "enableFIPS": False,
        "kubeletDiskType": "OS",
        "maxPods": 250,
        "mode": "User",
        "nodeImageVersion": "AKSUbuntu-2204gen2containerd-202611.02.0",
        "orchestratorVersion": version,
        "osDiskSizeGB": 128,
        "osDiskType": "Managed",
        "osSKU": "Ubuntu",
        "osType": "Linux",
        "scaleDownMode": "Delete",
        "type": "VirtualMachineScaleSets",
        "vmSize": DEFAULT_SIZE,
        "upgradeSettings": {"maxSurge": "10%"},
    }
    for key, value in defaults.items():
        if properties.get(key) in (None, "", 0):
            properties[key] = value
    properties["currentOrchestratorVersion"] = current


def check_pool(change: Change) -> None:
    """A PUT of one pool, while its cluster rests."""
    cluster = change.store.get(change.id.parent)
    if cluster.busy:
        raise refusals.cluster_busy(cluster)
    check(change.id.name, change.properties, change.store)
    if change.before and change.properties.get("mode", "User") != "System":
        check_system_pool_remains(change.before, change.store)


def fill_pool(change: Change) -> None:
    found = change.store.get(change.id.parent).properties
    fill(change.properties, found["kubernetesVersion"], found["currentKubernetesVersion"])


def check_removal(pool: Resource, store: Store) -> None:
    cluster = store.get(pool.id.parent)
    if cluster.busy:
        raise refusals.cluster_busy(cluster)
    check_system_pool_remains(pool, store)


def check_system_pool_remains(pool: Resource, store: Store) -> None:
    others = (one for one in store.below(pool.id.parent, POOLS) if one.id != pool.id)
    if not any(other.properties["mode"] == "System" for other in others):
        raise refusals.refusal(
            400,
            "OperationNotAllowed",
            f"There has to be at least one system node pool: {pool.name} is the last one.",
        )


def store_all(cluster: Resource, store: Store) -> None:
    """The pools in the body of a cluster become resources; those it leaves out stay."""
    found = cluster.properties
    for item in found.pop("agentPoolProfiles", None) or []:
        properties = copy.deepcopy(item)
        name = str(properties["name"])
        fill(properties, found["kubernetesVersion"], found["currentKubernetesVersion"])
        store.put(cluster.id.child("agentPools", name), {"properties": properties})


def show(pool: Resource, store: Store) -> dict[str, Any]:
    return {
        "id": str(pool.id),
        "name": pool.name,
        "type": POOLS,
        "properties": profile(pool, store),
    }


def profiles(cluster: ResourceId, store: Store) -> list[dict[str, Any]]:
    return [{"name": pool.name} | profile(pool, store) for pool in store.below(cluster, POOLS)]


def profile(pool: Resource, store: Store) -> dict[str, Any]:
    cluster = store.get(pool.id.parent)
    power = cluster.properties["powerState"]
    state = cluster.state if cluster.state == "Creating" else pool.state
    return pool.properties | {"provisioningState": state, "powerState": power}
