"""The firewall of a registry, as azurerm reads it back."""

from typing import Any

import pytest

from sandbox.terraform_provider.engine import Engine, shape
from sandbox.terraform_provider.tree import conform

Values = dict[str, Any]
REGISTRY = "azurerm_container_registry"


def configuration(rules: list[Values] | None) -> Values:
    values = {"name": "lab", "resource_group_name": "lab", "location": "westeurope"}
    more = {} if rules is None else {"network_rule_set": rules}
    return conform(shape("resource_schemas", REGISTRY), {**values, "sku": "Premium", **more})


def deny(*ranges: str) -> list[Values]:
    return [
        {
            "default_action": "Deny",
            "ip_rule": [{"action": "Allow", "ip_range": one} for one in ranges],
        }
    ]


@pytest.mark.parametrize(
    ("wanted", "settled"),
    [
        (deny("203.0.113.7/32"), True),
        (deny("203.0.113.7"), False),
        (deny(), True),
    ],
    ids=["a range", "an address", "nobody"],
)
def test_a_second_plan_is_empty_only_in_azurerms_own_words(
    engine: Engine, wanted: list[Values], settled: bool
) -> None:
    config = configuration(wanted)
    planned, _ = engine.plan(REGISTRY, config, None)
    state = engine.apply(REGISTRY, None, planned, config)
    assert state is not None

    again, _ = engine.plan(REGISTRY, config, engine.read(REGISTRY, state))

    assert (again["network_rule_set"] == state["network_rule_set"]) is settled


def test_rules_that_azure_keeps_by_itself_are_a_change_for_who_wants_none(
    engine: Engine, arm: Any
) -> None:
    config = configuration([])
    planned, _ = engine.plan(REGISTRY, config, None)
    state = engine.apply(REGISTRY, None, planned, config)
    (registry,) = arm.stored.values()
    registry["properties"]["networkRuleSet"] = {"defaultAction": "Allow", "ipRules": []}

    found = engine.read(REGISTRY, state or {})
    again, _ = engine.plan(REGISTRY, config, found)

    assert found is not None
    assert [one["default_action"] for one in found["network_rule_set"]] == ["Allow"]
    assert again["network_rule_set"] == []
