"""What may be chosen for the platform: there at once, kept, switched off in place, and gone."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.terraform.conftest import STACKS, Terraform
from tests.terraform.stacks import Stacks

HUB = """
terraform {
  required_providers {
    azurerm = { source = "hashicorp/azurerm", version = "~> 5.2" }
  }
}
provider "azurerm" {
  features {}
}
resource "azurerm_resource_group" "hub" {
  name     = "supabase-hub"
  location = "centralus"
}
resource "azurerm_private_dns_zone" "clusters" {
  name                = "privatelink.centralus.azmk8s.io"
  resource_group_name = azurerm_resource_group.hub.name
}
output "zone" {
  value = azurerm_private_dns_zone.clusters.id
}
"""
JOBS = {"min": 0, "max": 3, "zones": [], "surge": "1", "taints": ["jobs=only:NoSchedule"]}
FLUX = {"url": "https://example.com/platform.git", "path": "./clusters/test"}
ADMIN = {"object_id": "55555555-5555-5555-5555-555555555555", "name": "database-admins"}
CLUSTER: dict[str, Any] = {
    "defender": True,
    "cost_analysis": True,
    "csi": True,
    "local_accounts": True,
    "admin_group_ids": ["44444444-4444-4444-4444-444444444444"],
    "pools": {"apps": {"labels": {"for": "supabase"}}, "jobs": JOBS},
    "flux": FLUX,
}
DATABASE: dict[str, Any] = {
    "storage_gb": 32,
    "high_availability": "SameZone",
    "entra_admin": ADMIN,
    "pgbouncer": True,
    "parameters": {"log_lock_waits": "on"},
}


def chosen(zone: str, cluster: Mapping[str, Any], database: Mapping[str, Any], edge: str) -> str:
    """The decisions as a tfvars file in JSON."""
    cluster = {**cluster, "private_dns_zone_id": zone}
    return json.dumps({"cluster": cluster, "database": database, "edge": {"kind": edge}})


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory, sandbox: Mapping[str, str]) -> Iterator[str]:
    """A zone for the names of API servers that somebody else looks after."""
    folder = tmp_path_factory.mktemp("hub")
    (folder / "main.tf").write_text(HUB)
    hub = Terraform(folder, sandbox)
    hub.init(".")
    hub(".", "apply", "-auto-approve", "-input=false", "-no-color")
    yield str(hub.json(".", "output", "-json")["zone"]["value"])
    hub(".", "destroy", "-auto-approve", "-input=false", "-no-color")


def test_every_option_is_there_at_once_and_goes_in_place(
    tmp_path: Path, sandbox: Mapping[str, str], zone: str
) -> None:
    decisions = tmp_path / "decisions.tfvars.json"
    decisions.write_text(chosen(zone, CLUSTER, DATABASE, "appRouting"))
    stacks = Stacks(tmp_path, sandbox, "supabase-options", f"-var-file={decisions}")
    stacks.build()

    assert [stacks.changes(stack) for stack in STACKS] == [{}, {}]
    built = stacks.resources("platform")
    cluster = built["module.cluster.azurerm_kubernetes_cluster.this"]
    assert cluster["private_fqdn"].endswith(".privatelink.centralus.azmk8s.io")
    assert cluster["microsoft_defender"]
    assert cluster["web_app_routing"][0]["default_nginx_controller"] == "None"
    assert "module.gitops[0].azurerm_kubernetes_flux_configuration.this" in built
    assert stacks.outputs("platform")["edge"]["gateway_class"] == "approuting-istio"

    plain: dict[str, Any] = {"pools": {"apps": {}}}
    alone = {"storage_gb": 32, "high_availability": "Disabled"}
    decisions.write_text(chosen(zone, plain, alone, "none"))
    changes = stacks.changes("platform")
    for address, actions in changes.items():
        assert actions in (["update"], ["delete"]), address
    assert changes["module.cluster.azurerm_kubernetes_cluster.this"] == ["update"]
    assert changes["module.database.azurerm_postgresql_flexible_server.this"] == ["update"]
    stacks.apply("platform")
    assert stacks.changes("platform") == {}

    for stack in reversed(STACKS):
        stacks.destroy(stack)
    assert [stacks.terraform(stack, "state", "list") for stack in STACKS] == ["", ""]
