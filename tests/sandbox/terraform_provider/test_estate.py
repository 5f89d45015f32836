"""
Every type that a deployment of this kind may use: made, changed in place, made anew, destroyed.

The same configuration runs with the real provider (`-m provider`, SANDBOX_PROVIDER), and what is
planned must be the same.
"""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ESTATE = Path(__file__).with_name("estate")
PATIENCE = 3600  # Seconds: the real provider waits for minutes at some types.

# What the first change leaves as it is; all else is changed in place.
UNCHANGED = {
    "azurerm_application_load_balancer_security_policy.this",
    "azurerm_application_load_balancer_subnet_association.this",
    "azurerm_container_registry_cache_rule.this",
    "azurerm_dashboard_grafana_managed_private_endpoint.this",
    "azurerm_data_protection_backup_instance_blob_storage.this",
    "azurerm_data_protection_backup_policy_blob_storage.this",
    "azurerm_kubernetes_cluster_trusted_access_role_binding.this",
    "azurerm_log_analytics_solution.this",
    "azurerm_management_lock.network",
    "azurerm_monitor_data_collection_rule_association.endpoint",
    "azurerm_monitor_private_link_scoped_service.this",
    "azurerm_nat_gateway_public_ip_association.this",
    "azurerm_nat_gateway_public_ip_prefix_association.this",
    "azurerm_postgresql_flexible_server_active_directory_administrator.this",
    "azurerm_postgresql_flexible_server_database.this",
    "azurerm_private_dns_zone.database",
    "azurerm_private_dns_zone_virtual_network_link.database",
    "azurerm_public_ip.bastion",
    "azurerm_public_ip.gateway",
    "azurerm_role_assignment.dns",
    "azurerm_storage_container.this",
    "azurerm_subnet.balancer",
    "azurerm_subnet.bastion",
    "azurerm_subnet.database",
    "azurerm_subnet.endpoints",
    "azurerm_subnet.gateway",
    "azurerm_subnet_nat_gateway_association.cluster",
    "azurerm_subnet_network_security_group_association.endpoints",
    "azurerm_subnet_route_table_association.endpoints",
    "azurerm_virtual_network.hub",
}
# What the second change makes anew; all else stays.
REPLACED = {
    "azurerm_dashboard_grafana.this",
    "azurerm_dashboard_grafana_managed_private_endpoint.this",
    "azurerm_management_lock.network",
    "azurerm_nat_gateway_public_ip_prefix_association.this",
    "azurerm_public_ip_prefix.this",
}


@dataclass
class Estate:
    """A working copy of the configuration, and a cloud to apply it to."""

    folder: Path
    cloud: dict[str, str]

    def terraform(self, *arguments: str) -> str:
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=self.cloud,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def plan(self, stage: int) -> dict[str, str]:
        """What would happen, by address; what stays as it is left out."""
        self.terraform("plan", "-input=false", "-no-color", f"-var=stage={stage}", "-out=plan")
        shown = json.loads(self.terraform("show", "-json", "plan"))
        actions = {
            one["address"]: " ".join(one["change"]["actions"]) for one in shown["resource_changes"]
        }
        return {
            address: action
            for address, action in actions.items()
            if action not in ("no-op", "read")
        }

    def apply(self) -> None:
        """Do what was planned last."""
        self.terraform("apply", "-input=false", "-no-color", "plan")

    def values(self, address: str) -> dict[str, Any]:
        state = json.loads(self.terraform("show", "-json"))
        found = state["values"]["root_module"]["resources"]
        return next(dict(one["values"]) for one in found if one["address"] == address)


@pytest.fixture
def estate(tmp_path: Path, cloud: dict[str, str]) -> Estate:
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on PATH")
    made = Estate(shutil.copytree(ESTATE, tmp_path / "estate"), cloud)
    made.terraform("init", "-input=false", "-no-color")
    return made


@pytest.mark.timeout(PATIENCE)
def test_each_type_is_made_changed_replaced_and_destroyed(estate: Estate) -> None:
    everything = set(estate.plan(0))
    estate.apply()
    made = estate.plan(0)

    changes = estate.plan(1)
    estate.apply()
    changed = estate.plan(1)

    replacements = estate.plan(2)
    estate.apply()
    replaced = estate.plan(2)
    categories = estate.values("data.azurerm_monitor_diagnostic_categories.vault")
    endpoint = estate.values("data.azurerm_private_endpoint_connection.vault")
    estate.terraform("destroy", "-auto-approve", "-input=false", "-no-color", "-var=stage=2")

    assert (made, changed, replaced) == ({}, {}, {})
    assert changes == dict.fromkeys(everything - UNCHANGED, "update")
    assert set(replacements) == REPLACED
    assert set(replacements.values()) <= {"delete create", "create delete"}
    assert "AuditEvent" in categories["log_category_types"]
    assert endpoint["private_service_connection"][0]["status"] == "Approved"
