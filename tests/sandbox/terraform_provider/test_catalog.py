"""The two data files fit together, and serialize for Terraform."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.terraform_provider import catalog, renew_schema, resources
from sandbox.terraform_provider.mapping import Block, Entries

Spec = dict[str, Any]


def members(block: Spec) -> dict[str, Spec]:
    return {**block.get("attributes", {}), **block.get("block_types", {})}


def missing(block: Spec, rules: Spec, path: str) -> Iterator[str]:
    """Names of one file that the other lacks."""
    own = {"id", "timeouts"}
    yield from (f"{path}.{name}" for name in set(members(block)) ^ set(rules) if name not in own)
    for name, spec in block.get("block_types", {}).items():
        inner = (rules.get(name) or {}).get("elem")
        if isinstance(inner, dict) and name != "timeouts":
            yield from missing(spec["block"], inner, f"{path}.{name}")


@pytest.mark.parametrize("type_name", sorted(catalog.schema()["resource_schemas"]))
def test_schema_and_constraints_speak_of_the_same_attributes(type_name: str) -> None:
    block = catalog.block("resource_schemas", type_name)

    assert list(missing(block, catalog.rules(type_name), type_name)) == []


def test_an_attribute_called_description_survived_the_trimming() -> None:
    block = catalog.block("resource_schemas", "azurerm_network_security_group")

    assert "description" in block["attributes"]["security_rule"]["type"][1][1]


def test_trimming_drops_prose_and_keeps_names() -> None:
    block = {
        "attributes": {
            "description": {"type": "string", "description": "prose", "optional": True},
            "rule": {"type": ["list", ["object", {"description": "string"}]], "computed": True},
        }
    }

    trimmed = renew_schema.trimmed_block(block)

    assert trimmed["attributes"] == {
        "description": {"type": "string", "optional": True},
        "rule": {"type": ["list", ["object", {"description": "string"}]], "computed": True},
    }


def test_terraform_is_told_about_every_type() -> None:
    message = catalog.provider_schema()

    assert {entry.key for entry in message.resource_schemas} == set(
        catalog.schema()["resource_schemas"]
    )


def strangers(fields: Entries, block: Spec, path: str) -> Iterator[str]:
    """Names in a table that the schema does not have."""
    known = members(block)
    yield from (f"{path}.{name}" for name in fields if name not in known)
    for name, entry in fields.items():
        if isinstance(entry, Block) and name in known:
            yield from strangers(entry.fields, inner_block(known[name]), f"{path}.{name}")


def inner_block(spec: Spec) -> Spec:
    if "block" in spec:
        return dict(spec["block"])
    return {"attributes": {name: {"type": kind} for name, kind in spec["type"][1][1].items()}}


@pytest.mark.parametrize("type_name", sorted(resources.tables()))
def test_a_table_names_only_attributes_of_its_type(type_name: str) -> None:
    table = resources.tables()[type_name]
    block = catalog.block("resource_schemas", type_name)

    assert list(strangers(table.fields, block, type_name)) == []
