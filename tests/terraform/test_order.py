"""What may be built at the same time: nothing waits that need not."""

import pytest

from tests.terraform.conftest import Terraform
from tests.terraform.graph import Graph


@pytest.fixture
def foundation(terraform: Terraform) -> Graph:
    terraform.init("foundation")
    return Graph(terraform("foundation", "graph"))


@pytest.fixture
def platform(terraform: Terraform) -> Graph:
    terraform.init("platform")
    return Graph(terraform("platform", "graph"))


def test_cluster_and_database_grow_side_by_side(platform: Graph) -> None:
    cluster = "module.cluster.azurerm_kubernetes_cluster.this"
    database = "module.database.azurerm_postgresql_flexible_server.this"

    assert platform.waits_for(cluster) == set()
    assert not any(earlier.startswith("module.cluster") for earlier in platform.waits_for(database))


def test_the_database_finds_the_zone_of_its_name_and_waits_for_nothing(platform: Graph) -> None:
    assert platform.waits_for("module.database.azurerm_postgresql_flexible_server.this") == set()


def test_zones_grow_beside_the_vault(foundation: Graph) -> None:
    waited = foundation.waits_for("module.private_dns.azurerm_private_dns_zone.this")

    assert waited == {"azurerm_resource_group.this"}


@pytest.mark.parametrize("access", ["deployer_access", "cluster_access"])
def test_roles_elsewhere_do_not_wait_for_the_vault(foundation: Graph, access: str) -> None:
    waited = foundation.waits_for(f"module.{access}.azurerm_role_assignment.this")

    assert not any(earlier.startswith(("module.vault.", "module.storage.")) for earlier in waited)


@pytest.mark.parametrize(
    "address",
    [
        "module.network.azurerm_virtual_network.this",
        "module.registry.azurerm_container_registry.this",
        "module.logs.azurerm_log_analytics_workspace.this",
        "module.identities.azurerm_user_assigned_identity.this",
        "azurerm_management_lock.this",
    ],
)
def test_what_needs_the_group_alone_starts_with_it(foundation: Graph, address: str) -> None:
    assert foundation.waits_for(address) == {"azurerm_resource_group.this"}


@pytest.mark.parametrize(
    "address",
    ["module.vault.azurerm_key_vault.this", "module.storage.azurerm_storage_account.this"],
)
def test_who_lets_a_subnet_in_waits_for_a_finished_network_and_for_nothing_else(
    foundation: Graph, address: str
) -> None:
    waited = foundation.waits_for(address)

    elsewhere = {one for one in waited if not one.startswith(("module.network.", "data."))}
    assert "module.network.azurerm_subnet_network_security_group_association.this" in waited
    assert "module.network.azurerm_subnet_route_table_association.cluster" in waited
    assert "module.network.azurerm_subnet_nat_gateway_association.cluster" in waited
    assert elsewhere == {"azurerm_resource_group.this"}


def test_only_what_is_quick_waits_for_the_cluster_to_be_watched(platform: Graph) -> None:
    """Grafana takes minutes, a metric alert two: both grow beside the cluster."""
    cluster = "module.cluster.azurerm_kubernetes_cluster.this"
    module = "module.observability."
    watched = [one for one in platform.edges if one.startswith(f"{module}azurerm")]
    later = {one.removeprefix(module) for one in watched if cluster in platform.waits_for(one)}

    assert f"{module}azurerm_dashboard_grafana.this" in watched
    assert later == {
        "azurerm_monitor_data_collection_rule_association.logs",
        "azurerm_monitor_data_collection_rule_association.metrics",
        "azurerm_monitor_diagnostic_setting.cluster",
    }
