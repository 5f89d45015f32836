"""What a plan asks of Azure, read from the resources that Terraform would touch."""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

CLUSTER = "azurerm_kubernetes_cluster"
POOL = "azurerm_kubernetes_cluster_node_pool"
SERVER = "azurerm_postgresql_flexible_server"
SURGE = "10%"  # Of an upgrade, where a pool says nothing.


class Planned(Protocol):
    """A resource as it would be, and as it is."""

    @property
    def address(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def values(self) -> Mapping[str, Any]: ...
    @property
    def before(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Pool:
    """Nodes of one size; `most` is what the autoscaler may reach, `surge` what an upgrade adds."""

    name: str
    size: str
    zones: tuple[str, ...]
    most: int
    surge: int

    @property
    def nodes(self) -> int:
        return self.most + self.surge


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server."""

    name: str
    tier: str
    size: str
    version: str
    availability: str  # `ZoneRedundant`, `SameZone` or nothing.
    zones: tuple[str, ...]
    storage_gb: int


TIERS = {"B": "Burstable", "GP": "GeneralPurpose", "MO": "MemoryOptimized"}


def pools(planned: Iterable[Planned], *, before: bool = False) -> tuple[Pool, ...]:
    """Every pool that is made or changed; with `before`, as those are now."""
    found = []
    for one in planned:
        values = one.before if before else one.values
        if one.type == CLUSTER:
            found += [_pool(inner) for inner in values.get("default_node_pool") or []]
        elif one.type == POOL and values:
            found.append(_pool(values))
    return tuple(pool for pool in found if pool.size)


def _pool(values: Mapping[str, Any]) -> Pool:
    most = int(values.get("max_count") or values.get("node_count") or 1)
    settings = first(values.get("upgrade_settings"))
    return Pool(
        str(values.get("name", "")),
        str(values.get("vm_size") or ""),
        tuple(sorted(map(str, values.get("zones") or ()))),
        most,
        surged(most, str(settings.get("max_surge") or SURGE)),
    )


def surged(most: int, wish: str) -> int:
    """How many nodes an upgrade adds: a number, or a share that is rounded up."""
    if wish.endswith("%"):
        return math.ceil(most * float(wish[:-1]) / 100)
    return int(wish) if wish.isdigit() else 1


def servers(planned: Iterable[Planned]) -> tuple[Server, ...]:
    """Every database server that is made or changed."""
    return tuple(_server(one.values) for one in planned if one.type == SERVER)


def _server(values: Mapping[str, Any]) -> Server:
    tier, _, size = str(values.get("sku_name") or "").partition("_")
    spare = first(values.get("high_availability"))
    zones = (values.get("zone"), spare.get("standby_availability_zone"))
    return Server(
        name=str(values.get("name", "")),
        tier=TIERS.get(tier, tier),
        size=size,
        version=str(values.get("version") or ""),
        availability=str(spare.get("mode") or ""),
        zones=tuple(str(zone) for zone in zones if zone),
        storage_gb=int(values.get("storage_mb") or 0) // 1024,
    )


def kubernetes(planned: Iterable[Planned]) -> tuple[str, ...]:
    """The versions that clusters and pools ask for by number."""
    keys = {CLUSTER: "kubernetes_version", POOL: "orchestrator_version"}
    asked = (one.values.get(keys[one.type]) for one in planned if one.type in keys)
    return tuple(dict.fromkeys(str(version) for version in asked if version))


def zoned(planned: Iterable[Planned]) -> Iterator[tuple[str, str]]:
    """What wants zones: its address, and the words that ask for them."""
    for one in planned:
        for pool in pools([one]):
            if pool.zones:
                yield f"{one.address} (pool {pool.name})", f"zones {', '.join(pool.zones)}"
        for server in servers([one]):
            if server.availability == "ZoneRedundant":
                yield one.address, "high availability over zones"
            elif server.zones:
                yield one.address, f"zone {server.zones[0]}"
        if one.type == "azurerm_storage_account":
            kind = str(one.values.get("account_replication_type") or "")
            if "ZRS" in kind:
                yield one.address, f"replication {kind}"
        elif one.type != POOL and one.values.get("zones"):
            yield one.address, f"zones {', '.join(sorted(map(str, one.values['zones'])))}"


def first(blocks: Any) -> Mapping[str, Any]:
    """The content of a block that may stand once."""
    return blocks[0] if isinstance(blocks, list) and blocks else {}
