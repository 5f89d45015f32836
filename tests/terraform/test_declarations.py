"""What each stack and module declares: described, closed, tagged, reasoned, without a secret."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.terraform_provider import catalog
from scripts.module_docs import Module, plain
from tests.terraform.conftest import FOLDERS, SOURCE

OPEN = re.compile(r"\bany\b|\bmap\(object\(\{\}\)\)")


def resources(module: Module) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Type, name and arguments of each resource."""
    for block in module.blocks.get("resource", []):
        for kind, things in block.items():
            for name, arguments in things.items():
                yield plain(kind), plain(name), arguments


def attributes(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = catalog.block("resource_schemas", kind)["attributes"]
    return found


@pytest.fixture(params=FOLDERS, scope="module")
def module(request: pytest.FixtureRequest) -> Module:
    return Module.read(SOURCE / request.param)


def test_the_code_begins_by_saying_what_it_is_for(module: Module) -> None:
    assert module.purpose().endswith((".", ":"))


def test_every_variable_and_output_is_described_in_a_sentence(module: Module) -> None:
    declared = [*module.named("variable"), *module.named("output")]
    silent = [
        name
        for name, block in declared
        if not re.fullmatch(r"[A-Z].{9,}[.)]", plain(block.get("description", "")))
    ]

    assert silent == []


def test_every_variable_has_a_closed_type(module: Module) -> None:
    types = {name: module.type_of(name) for name, _ in module.named("variable")}

    assert [name for name, kind in types.items() if OPEN.search(kind)] == []


def test_whatever_can_carry_tags_does(module: Module) -> None:
    untagged = [
        f"{kind}.{name}"
        for kind, name, arguments in resources(module)
        if "tags" in attributes(kind) and "tags" not in arguments
    ]

    assert untagged == []


def test_nothing_waits_for_something_else_without_a_reason(module: Module) -> None:
    lines = [line.strip() for line in module.code.splitlines()]
    silent = [
        lines[index - 2 : index + 1]
        for index, line in enumerate(lines)
        if line.startswith("depends_on") and "#" not in line + lines[index - 1]
    ]

    assert silent == []


def test_no_output_carries_what_azurerm_calls_a_secret(module: Module) -> None:
    secret = {
        f"{kind}.{name}.{attribute}"
        for kind, name, _ in resources(module)
        for attribute, about in attributes(kind).items()
        if about.get("sensitive")
    }
    shown = {name: str(block["value"]) for name, block in module.named("output")}
    hidden = [name for name, block in module.named("output") if block.get("sensitive")]

    assert [(name, path) for name, text in shown.items() for path in secret if path in text] == []
    assert hidden == []


@pytest.mark.parametrize(
    ("kind", "attribute"),
    [
        ("azurerm_storage_account", "primary_access_key"),
        ("azurerm_kubernetes_cluster", "kube_config_raw"),
        ("azurerm_log_analytics_workspace", "primary_shared_key"),
    ],
)
def test_azurerm_says_which_attributes_are_secret(kind: str, attribute: str) -> None:
    assert attributes(kind)[attribute]["sensitive"]
