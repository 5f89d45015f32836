"""What the stacks of this project use, the stand-in knows: types, attributes, places, values."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import hcl2
import pytest

from sandbox.terraform_provider import catalog, resources
from sandbox.terraform_provider.engine import shape
from sandbox.terraform_provider.tree import Node

CODE = Path(__file__).parents[3] / "terraform"
META = {"count", "depends_on", "for_each", "lifecycle", "provider", "timeouts"}
NOT_AT_AZURE = {  # Attributes that only steer the provider.
    "azurerm_kubernetes_cluster.default_node_pool.temporary_name_for_rotation",
    "azurerm_kubernetes_cluster_node_pool.temporary_name_for_rotation",
    "azurerm_monitor_scheduled_query_rules_alert_v2.skip_query_validation",
    "azurerm_postgresql_flexible_server.administrator_password_wo_version",
}


def plain(name: str) -> str:
    return name.strip('"')


@cache
def written(kind: str) -> dict[str, set[str]]:
    """Each type with the paths of its attributes and blocks, from all configurations."""
    found: dict[str, set[str]] = {}
    for file in CODE.rglob("*.tf"):
        for block in hcl2.loads(file.read_text()).get(kind, []):
            for type_name, named in block.items():
                if plain(type_name).startswith("azurerm_"):
                    for body in named.values():
                        found.setdefault(plain(type_name), set()).update(paths(body))
    return found


def paths(body: dict[str, Any], prefix: str = "") -> Iterator[str]:
    for name, value in body.items():
        if name == "dynamic":
            for block in value:
                for inner, generated in block.items():
                    here = f"{prefix}{plain(inner)}"
                    yield here
                    for content in generated["content"]:
                        yield from paths(content, f"{here}.")
        elif name not in META and not name.startswith("__"):
            yield f"{prefix}{name}"
            for block in value if isinstance(value, list) else []:
                if isinstance(block, dict) and block.get("__is_block__"):
                    yield from paths(block, f"{prefix}{name}.")


def node_at(nodes: tuple[Node, ...], path: str) -> Node | None:
    name, _, rest = path.partition(".")
    node = next((one for one in nodes if one.name == name), None)
    return node_at(node.children, rest) if node is not None and rest else node


def test_the_configurations_are_read() -> None:
    used = written("resource")

    assert "azurerm_key_vault" in used
    assert "default_node_pool.upgrade_settings.max_surge" in used["azurerm_kubernetes_cluster"]
    assert "network_rules.default_action" in used["azurerm_storage_account"]


@pytest.mark.parametrize("type_name", sorted(written("resource")))
def test_a_used_type_can_be_applied_with_every_attribute(type_name: str) -> None:
    assert type_name in resources.tables(), "add a table to sandbox/terraform_provider/resources"
    nodes = shape("resource_schemas", type_name)

    for path in written("resource")[type_name]:
        node = node_at(nodes, path)
        assert node is not None, f"{path} is not in the schema"
        stays = f"{type_name}.{path}" in NOT_AT_AZURE or resources.tables()[type_name].is_in_id(
            path
        )
        stored = node.block is not None or node.place.stored
        assert stored or stays, f"{path} has no place at Azure"


@pytest.mark.parametrize("type_name", sorted(written("resource")))
def test_the_values_of_a_used_type_are_judged(type_name: str) -> None:
    assert type_name in catalog.value_rules().types, "add its ValidateFuncs to the table of values"


@pytest.mark.parametrize("type_name", sorted(written("data")))
def test_a_used_data_source_can_be_read(type_name: str) -> None:
    assert type_name in catalog.schema()["data_source_schemas"]
    assert type_name in resources.data_sources() or type_name in resources.tables()
