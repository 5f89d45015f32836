"""Nodes: as many as the pools of the cluster say, and more where a pool may grow."""

import math
import re
from typing import Any

from sandbox.cluster.controllers.controller import Surroundings, Worker
from sandbox.cluster.controllers.kinds import NODES, PODS, Key, Kind, Manifest
from sandbox.cluster.controllers.objects import condition, labels
from sandbox.cluster.controllers.scheduling import fit
from sandbox.cluster.settings import Pool

POOL = "kubernetes.azure.com/agentpool"
SCALE_SET = "aks-{}-25184706-vmss"
BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
GROWTH = "agent_pool.update"  # In latency.yaml: how long a pool takes for another node.
SOURCE = "cluster-autoscaler"

SIZE = re.compile(r"Standard_([A-Za-z]+?)(\d+)")
GIB_PER_CORE = {"A": 2, "B": 4, "D": 4, "DC": 4, "E": 8, "EC": 8, "F": 2, "FX": 21, "L": 8, "M": 16}
SMALL = {"Standard_B2s": (2, 4), "Standard_B2ats_v2": (2, 1), "Standard_B2als_v2": (2, 4)}
RESERVED_CORES = {1: 60, 2: 100, 4: 140, 8: 180, 16: 260, 32: 420, 64: 740}  # In thousandths.


class Nodes(Worker[str]):
    """Brings the nodes of each pool to its count; the only key is the whole."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around)
        self._grown: dict[str, int] = {}  # Pools that the autoscaler has made larger.

    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        """Nodes follow their pools; what happens to objects does not concern them."""

    def refresh(self) -> None:
        """Look at the pools again."""
        self.queue.add("pools")

    async def reconcile(self, key: str) -> float | None:  # noqa: ARG002 (there is one key)
        await self.furnish()
        return None

    async def furnish(self) -> None:
        first = 0
        pools = self.around.settings.pools()
        for pool in pools:
            count = self._count(pool)
            for number in range(count):
                await self._put(pool, number, first + number)
            first += count
            for node in self._of(pool)[count:]:
                await self._remove(node)
        names = {pool.name for pool in pools}
        for node in self.cache.find(NODES):
            if labels(node).get(POOL) not in names:
                await self._remove(node)

    def _count(self, pool: Pool) -> int:
        count = max(pool.count, self._grown.get(pool.name, 0))
        return min(max(count, pool.least), pool.most) if pool.most else pool.count

    def _of(self, pool: Pool) -> list[Manifest]:
        found = [node for node in self.cache.find(NODES) if labels(node).get(POOL) == pool.name]
        return sorted(found, key=lambda node: str(node["metadata"]["name"]))

    async def _put(self, pool: Pool, number: int, address: int) -> None:
        wanted = node_of(pool, number, address)
        found = self.cache.get(NODES, Key.of(wanted))
        if found is None:
            found = await self.around.create(NODES, wanted)
        await self.around.set_status(NODES, found, wanted["status"])

    async def _remove(self, node: Manifest) -> None:
        """A node goes, and its pods with it."""
        for pod in self.cache.find(PODS):
            if pod["spec"].get("nodeName") == node["metadata"]["name"]:
                await self.around.client.delete(PODS, pod, gracePeriodSeconds=0)
        await self.around.delete(NODES, node)

    # --- Growth --------------------------------------------------------------------------------

    def grow_for(self, pod: Manifest) -> None:
        """Add a node to a pool that may grow, if the pod would fit there."""
        tell = self.around.recorder.normal
        pools = [pool for pool in self.around.settings.pools() if pool.most]
        full = 0
        for pool in pools:
            has = self._count(pool)
            if has > len(self._of(pool)):
                return  # A node is on its way: first see what fits then.
            empty = fit.Place(node_of(pool, has, has))
            if fit.objections(pod, empty, fit.Cluster([empty], {})):
                continue
            if has >= pool.most:
                full += 1
                continue
            plan = f"[{{{SCALE_SET.format(pool.name)} {has}->{has + 1} (max: {pool.most})}}]"
            tell(SOURCE, PODS, pod, "TriggeredScaleUp", f"pod triggered scale-up: {plan}")
            self._grown[pool.name] = has + 1
            self.queue.add_after("pools", self.latency.seconds(GROWTH))
            return
        if pools:
            why = f"{full} max node group size reached" if full else "no pool has room for it"
            message = f"pod didn't trigger scale-up: {why}"
            tell(SOURCE, PODS, pod, "NotTriggerScaleUp", message)


# --- One node ------------------------------------------------------------------------------------


def node_of(pool: Pool, number: int, address: int) -> Manifest:
    name = SCALE_SET.format(pool.name) + base36(number)
    zone = pool.zones[number % len(pool.zones)] if pool.zones else "0"
    marks = {
        "agentpool": pool.name,
        POOL: pool.name,
        "kubernetes.azure.com/mode": pool.mode.lower(),
        "kubernetes.azure.com/role": "agent",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "node.kubernetes.io/instance-type": pool.size,
        "topology.kubernetes.io/region": zone.rpartition("-")[0] or "westeurope",
        "topology.kubernetes.io/zone": zone,
    }
    spec: dict[str, Any] = {"podCIDR": f"10.244.{address}.0/24"}
    if pool.taints:
        spec["taints"] = [taint_of(text) for text in pool.taints]
    return {
        "metadata": {"name": name, "labels": marks | dict(pool.labels)},
        "spec": spec,
        "status": node_status(pool, name, address),
    }


def base36(number: int) -> str:
    """The number of a machine in its scale set, six signs long."""
    text = ""
    while number:
        number, rest = divmod(number, 36)
        text = BASE36[rest] + text
    return text.rjust(6, "0")


def taint_of(text: str) -> Manifest:
    """`key=value:effect`, as Azure writes it."""
    pair, _, effect = text.rpartition(":")
    key, _, value = pair.partition("=")
    return {"key": key, "effect": effect} | ({"value": value} if value else {})


def machine(size: str) -> tuple[int, int]:
    """Cores and GiB of a virtual machine's size, read off its name."""
    if size in SMALL:
        return SMALL[size]
    found = SIZE.match(size)
    if not found:
        return 4, 16
    family, cores = found[1].upper(), int(found[2])
    return cores, cores * GIB_PER_CORE.get(family, GIB_PER_CORE.get(family[0], 4))


def resources(pool: Pool) -> tuple[Manifest, Manifest]:
    """Capacity, and what AKS leaves of it to pods."""
    cores, gib = machine(pool.size)
    kib = gib * 1024_000  # The machine keeps a little for itself.
    # AKS reserves 20 MB per pod and 50 MB, a quarter at most, and evicts below 100 MiB.
    reserved = min(20_000 * pool.pods + 50_000, kib // 4) + 100 * 1024
    taken = RESERVED_CORES.get(cores) or RESERVED_CORES[2 ** min(6, int(math.log2(max(cores, 1))))]
    capacity = {
        "cpu": str(cores),
        "memory": f"{kib}Ki",
        "pods": str(pool.pods),
        "ephemeral-storage": "129886128Ki",
    }
    return capacity, capacity | {"cpu": f"{cores * 1000 - taken}m", "memory": f"{kib - reserved}Ki"}


def node_status(pool: Pool, name: str, address: int) -> Manifest:
    well = {
        "MemoryPressure": "KubeletHasSufficientMemory",
        "DiskPressure": "KubeletHasNoDiskPressure",
        "PIDPressure": "KubeletHasSufficientPID",
    }
    healthy = [condition(kind, False, reason) for kind, reason in well.items()]
    ready = condition("Ready", True, "KubeletReady", "kubelet is posting ready status")
    capacity, allocatable = resources(pool)
    return {
        "capacity": capacity,
        "allocatable": allocatable,
        "addresses": [
            {"type": "InternalIP", "address": f"10.224.0.{address + 4}"},
            {"type": "Hostname", "address": name},
        ],
        "conditions": [*healthy, ready],
        "nodeInfo": {
            "architecture": "amd64",
            "containerRuntimeVersion": "simulated://1",
            "kubeletVersion": "v1.34.0",
            "operatingSystem": "linux",
            "osImage": "Ubuntu 24.04 LTS",
        },
    }
