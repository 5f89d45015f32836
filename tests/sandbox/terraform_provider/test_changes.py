"""What a change means to azurerm: in place, a new object, or a refusal while planning."""

from typing import Any

import pytest

from sandbox.terraform_provider.engine import Engine, shape
from sandbox.terraform_provider.errors import ProviderError
from sandbox.terraform_provider.tree import conform
from sandbox.terraform_provider.values import UNKNOWN, known

Values = dict[str, Any]

CLUSTER: Values = {
    "default_node_pool": [{"name": "system", "vm_size": "Standard_D4s_v5"}],
    "network_profile": [
        {
            "network_plugin": "azure",
            "network_plugin_mode": "overlay",
            "network_policy": "cilium",
            "network_data_plane": "cilium",
            "pod_cidr": "10.244.0.0/16",
        }
    ],
    "oidc_issuer_enabled": True,
}
REGISTRY: Values = {"sku": "Premium", "export_policy_enabled": True}
ACCOUNT: Values = {"account_tier": "Standard", "account_replication_type": "ZRS"}
SERVER: Values = {
    "administrator_login": "supabase",
    "sku_name": "GP_Standard_D2ds_v5",
    "storage_mb": 65536,
    "storage_tier": "P6",
    "version": "17",
}


def configuration(type_name: str, values: Values) -> Values:
    return conform(shape("resource_schemas", type_name), values)


def changed(values: Values, change: Values) -> Values:
    """The values with some at `network_profile.0.pod_cidr` replaced."""
    made: Any = {**values}
    for path, value in change.items():
        name, _, inner = path.partition(".0.")
        made[name] = [{**values.get(name, [{}])[0], inner: value}] if inner else value
    return dict(made)


def state(engine: Engine, type_name: str, values: Values) -> Values:
    """What is there after these values were applied."""
    planned, _ = engine.plan(type_name, configuration(type_name, values), None)
    return dict(known(planned))


def plan(engine: Engine, type_name: str, before: Values | None, after: Values) -> list[str]:
    """The attributes for which a new object would be made."""
    prior = None if before is None else state(engine, type_name, before)
    _, replacements = engine.plan(type_name, configuration(type_name, after), prior)
    return [".".join(map(str, path)) for path in replacements]


@pytest.mark.parametrize(
    ("type_name", "before", "change", "replaced"),
    [
        ("kubernetes_cluster", CLUSTER, {"oidc_issuer_enabled": False}, True),
        ("kubernetes_cluster", CLUSTER, {"network_profile.0.pod_cidr": "10.0.0.0/16"}, True),
        ("kubernetes_cluster", CLUSTER, {"network_profile.0.network_data_plane": "azure"}, True),
        ("kubernetes_cluster", CLUSTER, {"network_profile.0.network_policy": "calico"}, True),
        ("kubernetes_cluster", CLUSTER, {"network_profile.0.network_plugin": "none"}, True),
        ("kubernetes_cluster", CLUSTER, {"network_profile.0.network_plugin_mode": None}, True),
        ("kubernetes_cluster", CLUSTER, {"network_profile.0.outbound_type": "none"}, None),
        ("kubernetes_cluster", CLUSTER, {"default_node_pool.0.name": "other"}, True),
        ("kubernetes_cluster", CLUSTER, {"default_node_pool.0.vm_size": "Standard_D8s_v5"}, False),
        ("kubernetes_cluster_node_pool", {"os_sku": "Ubuntu"}, {"os_sku": "AzureLinux"}, False),
        ("kubernetes_cluster_node_pool", {"os_sku": "Ubuntu"}, {"os_sku": "Windows2022"}, True),
        ("kubernetes_cluster_node_pool", {"vm_size": "a"}, {"vm_size": "b"}, False),
        ("kubernetes_cluster_node_pool", {}, {"upgrade_settings": [{}]}, None),
        ("key_vault", {"soft_delete_retention_days": 7}, {"soft_delete_retention_days": 9}, False),
        ("storage_account", ACCOUNT, {"account_replication_type": "GZRS"}, False),
        ("storage_account", ACCOUNT, {"account_replication_type": "LRS"}, True),
        ("storage_account", {**ACCOUNT, "account_kind": "Storage"}, {"account_kind": None}, False),
        ("storage_account", ACCOUNT, {"account_kind": "BlockBlobStorage"}, True),
        ("storage_account", ACCOUNT, {"account_kind": "Storage", "access_tier": "Hot"}, None),
        ("container_registry", REGISTRY, {"sku": "Standard"}, False),
        ("container_registry", {**REGISTRY, "data_endpoint_enabled": True}, {"sku": "Basic"}, None),
        ("container_registry", REGISTRY, {"export_policy_enabled": False}, None),
        ("container_registry", REGISTRY, {"sku": "Basic", "anonymous_pull_enabled": True}, None),
        ("postgresql_flexible_server", SERVER, {"version": "18"}, False),
        ("postgresql_flexible_server", SERVER, {"version": "16"}, True),
        ("postgresql_flexible_server", SERVER, {"storage_mb": 32768}, True),
        ("postgresql_flexible_server", SERVER, {"storage_mb": 131072}, None),
        ("postgresql_flexible_server", SERVER, {"administrator_login": "other"}, True),
        ("postgresql_flexible_server", SERVER, {"private_dns_zone_id": "/another"}, False),
        (
            "postgresql_flexible_server",
            SERVER,
            {"sku_name": "GP_Standard_DC2ads_v5"},
            None,
        ),
        ("log_analytics_workspace", {"sku": "PerGB2018"}, {"sku": "PerNode"}, True),
        ("log_analytics_workspace", {"sku": "PerGB2018"}, {"sku": "CapacityReservation"}, False),
        ("log_analytics_workspace", {"sku": "PerGB2018"}, {"sku": "Premium"}, None),
        ("monitor_data_collection_rule", {"kind": "Linux"}, {"kind": "Windows"}, True),
        ("monitor_data_collection_rule", {}, {"kind": "Linux"}, False),
        ("nat_gateway", {}, {"sku_name": "StandardV2", "zones": ["1"]}, None),
        ("public_ip", {"sku": "Standard"}, {"sku": "Basic"}, None),
        ("subnet", {}, {"sharing_scope": "Tenant", "default_outbound_access_enabled": True}, None),
        (
            "private_endpoint",
            {},
            {"private_service_connection": [{"is_manual_connection": True}]},
            None,
        ),
        (
            "monitor_alert_prometheus_rule_group",
            {},
            {"rule": [{"record": "a", "severity": 1}]},
            None,
        ),
        ("monitor_alert_prometheus_rule_group", {}, {"rule": [{"expression": "a"}]}, None),
    ],
)
def test_a_change_is_planned_as_azurerm_plans_it(
    engine: Engine, type_name: str, before: Values, change: Values, replaced: bool | None
) -> None:
    name, after = f"azurerm_{type_name}", changed(before, change)

    if replaced is None:
        with pytest.raises(ProviderError):
            plan(engine, name, before, after)
    else:
        assert bool(plan(engine, name, before, after)) is replaced


def test_a_growing_disk_gets_the_tier_of_its_size(engine: Engine) -> None:
    name = "azurerm_postgresql_flexible_server"
    after = {key: value for key, value in SERVER.items() if key != "storage_tier"}
    wanted = configuration(name, {**after, "storage_mb": 131072})

    planned, replacements = engine.plan(name, wanted, state(engine, name, SERVER))

    assert (planned["storage_tier"], replacements) == ("P10", [])


@pytest.mark.parametrize(
    ("type_name", "values"),
    [
        ("azurerm_container_registry", {"sku": UNKNOWN, "anonymous_pull_enabled": UNKNOWN}),
        ("azurerm_storage_account", {**ACCOUNT, "account_kind": UNKNOWN}),
        ("azurerm_kubernetes_cluster_node_pool", {"upgrade_settings": UNKNOWN}),
        ("azurerm_monitor_alert_prometheus_rule_group", {"rule": [UNKNOWN]}),
    ],
)
def test_what_is_not_known_yet_is_not_refused(
    engine: Engine, type_name: str, values: Values
) -> None:
    assert plan(engine, type_name, None, values) == []
