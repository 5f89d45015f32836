"""What a change of each decision does to what stands: in place, or by taking something's place."""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import hcl2

from tests.terraform.conftest import SOURCE

UPDATE, REPLACE, DELETE = ["update"], ["delete", "create"], ["delete"]
NETWORK = "module.network.azurerm"
GROUP = f"{NETWORK}_network_security_group.this"
VAULT = "module.vault.azurerm_key_vault.this"
ACCOUNT = "module.storage.azurerm_storage_account.this"
RULES = "module.storage.azurerm_storage_management_policy.this"
REGISTRY = "module.registry[0].azurerm_container_registry.this"
WORKSPACE = "module.logs.azurerm_log_analytics_workspace.this"
CLUSTER = "module.cluster.azurerm_kubernetes_cluster.this"
POOL = 'module.cluster.azurerm_kubernetes_cluster_node_pool.this["apps"]'
SERVER = "module.database.azurerm_postgresql_flexible_server.this"
DATABASE = "module.database.azurerm_postgresql_flexible_server_database.this"
WATCH = "module.observability[0].azurerm"
GRAFANA = f"{WATCH}_dashboard_grafana.this[0]"


@dataclass(frozen=True)
class Change:
    """Another value for one decision, and what the plan of one stack says to it."""

    stack: str
    decision: str
    value: Any
    actions: Mapping[str, list[str]]
    more: bool = False  # What hangs on a resource that is replaced follows it.

    def meets(self, other: "Change") -> bool:
        """Whether both concern one resource; what takes the group's place concerns all."""
        all_of_it = "azurerm_resource_group.this" in {**self.actions, **other.actions}
        return all_of_it or bool(self.actions.keys() & other.actions.keys())


def kept(stack: str, decision: str, value: Any, *addresses: str) -> Change:
    """In place; without an address, what counts at creation only."""
    return Change(stack, decision, value, dict.fromkeys(addresses, UPDATE))


def replaced(stack: str, decision: str, value: Any, *addresses: str) -> Change:
    return Change(stack, decision, value, dict.fromkeys(addresses, REPLACE), more=True)


CHANGES = (
    replaced("foundation", "name", "supabase-other", "azurerm_resource_group.this"),
    replaced("foundation", "location", "westeurope", "azurerm_resource_group.this"),
    replaced("foundation", "suffix", "x7", VAULT, ACCOUNT, RULES, REGISTRY),
    kept("foundation", "network.address_space", "10.40.0.0/15", f"{NETWORK}_virtual_network.this"),
    kept(
        "foundation",
        "network.subnets.cluster",
        "10.40.8.0/22",
        f"{NETWORK}_subnet.cluster",
        *(f'{GROUP}["{subnet}"]' for subnet in ("cluster", "database", "endpoints")),
    ),
    kept(
        "foundation",
        "network.subnets.database",
        "10.40.4.32/27",
        f"{NETWORK}_subnet.database",
        f'{GROUP}["database"]',
    ),
    kept(
        "foundation",
        "network.subnets.endpoints",
        "10.40.5.64/26",
        f"{NETWORK}_subnet.endpoints",
        f'{GROUP}["endpoints"]',
    ),
    kept("foundation", "network.subnets.gateway", "10.40.7.0/24", f"{NETWORK}_subnet.gateway[0]"),
    kept("foundation", "network.clients", ["203.0.113.0/24"], f'{GROUP}["cluster"]'),
    kept("foundation", "network.deployers", ["10.50.1.0/24"], f'{GROUP}["endpoints"]'),
    Change(
        "platform",
        "network.private_endpoints",
        False,
        {
            f'module.private_endpoints.azurerm_private_endpoint.this["{service}"]': DELETE
            for service in ("registry", "storage", "vault")
        },
    ),
    replaced("platform", "network.pods", "10.248.0.0/14", CLUSTER, POOL),
    replaced("platform", "network.services", "10.246.0.0/16", CLUSTER, POOL),
    kept("foundation", "vault.purge_protection", True, VAULT),
    kept("foundation", "vault.retention_days", 30, VAULT),
    kept("foundation", "vault.allowed", ["203.0.113.11"], VAULT),
    kept("foundation", "storage.replication", "GRS", ACCOUNT),
    replaced("foundation", "storage.replication", "ZRS", ACCOUNT, RULES),
    kept("foundation", "storage.retention_days", 14, ACCOUNT),
    kept("foundation", "storage.versions_days", 14, RULES),
    replaced("foundation", "registry.zone_redundant", False, REGISTRY),
    replaced("foundation", "registry", {"sku": "Standard"}, REGISTRY),
    kept("foundation", "registry.allowed", ["203.0.113.11"], REGISTRY),
    kept("foundation", "logs.retention_days", 60, WORKSPACE),
    kept("foundation", "logs.daily_gb", 2, WORKSPACE),
    kept("platform", "cluster.tier", "Free", CLUSTER),
    kept("platform", "cluster.policy", True, CLUSTER),
    kept("platform", "cluster.system.size", "Standard_D8ds_v5", CLUSTER),
    kept("platform", "cluster.system.min", 1, CLUSTER),
    kept("platform", "cluster.system.max", 4, CLUSTER),
    kept("platform", "cluster.system.zones", ["1", "2"], CLUSTER),
    kept("platform", "cluster.version", "1.33"),
    replaced("platform", "cluster.private_dns_zone_id", "None", CLUSTER, POOL),
    kept("platform", "cluster.pools.apps.size", "Standard_D8ds_v5", POOL),
    kept("platform", "cluster.pools.apps.min", 3, POOL),
    kept("platform", "cluster.pools.apps.max", 5, POOL),
    kept("platform", "database.sku", "GP_Standard_D4ds_v5", SERVER),
    kept("platform", "database.storage_gb", 64),
    kept("platform", "database.backup_days", 14, SERVER),
    kept("platform", "database.high_availability", "Disabled", SERVER),
    replaced("platform", "database.geo_redundant_backup", True, SERVER, DATABASE),
    replaced("platform", "database.login", "other", SERVER, DATABASE),
    replaced("platform", "database.name", "other", DATABASE),
    kept(
        "platform",
        "observability.emails",
        ["second@example.com"],
        f"{WATCH}_monitor_action_group.this",
    ),
    kept(
        "platform",
        "observability.budget",
        950,
        f"{WATCH}_consumption_budget_subscription.this[0]",
    ),
    kept(
        "platform",
        "observability.thresholds.database_cpu_percent",
        70,
        f'{WATCH}_monitor_metric_alert.this["DatabaseProcessorBusy"]',
    ),
    Change("platform", "observability.grafana.enabled", False, {GRAFANA: DELETE}, more=True),
)


def rounds(stack: str) -> Iterator[list[Change]]:
    """Changes that meet in no resource share a plan, and each is still seen by itself."""
    left = [change for change in CHANGES if change.stack == stack]
    while left:
        together: list[Change] = []
        for change in left:
            if not any(change.meets(other) for other in together):
                together.append(change)
        left = [change for change in left if change not in together]
        yield together


def decided() -> dict[str, Any]:
    """What the sandbox's environment file says."""
    found: dict[str, Any] = spoken(hcl2.loads((SOURCE / "vars/sandbox.tfvars").read_text()))
    return found


def spoken(value: Any) -> Any:
    """Without comments, and the quotes that the parser leaves around a text."""
    if isinstance(value, dict):
        return {spoken(key): spoken(inner) for key, inner in value.items() if "__" not in key}
    if isinstance(value, list):
        return [spoken(inner) for inner in value]
    return value.strip('"') if isinstance(value, str) else value


def changed(name: str, changes: list[Change]) -> str:
    """The environment file with other values, as JSON."""
    values = {**copy.deepcopy(decided()), "name": name}
    for change in changes:
        *path, last = change.decision.split(".")
        place = values
        for key in path:
            place = place.setdefault(key, {})
        place[last] = change.value
    return json.dumps(values)
