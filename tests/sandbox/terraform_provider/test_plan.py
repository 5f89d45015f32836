"""Plans follow the rules of the real provider's SDK."""

from typing import Any

import pytest

from sandbox.terraform_provider.codecs import LOCATION
from sandbox.terraform_provider.mapping import Block, Field
from sandbox.terraform_provider.plan import Planner
from sandbox.terraform_provider.tree import Node
from sandbox.terraform_provider.values import UNKNOWN

NAME = Node("name", "string", required=True, force_new=True)
PLACE = Node("location", "string", Field("location", LOCATION), required=True, force_new=True)
SIZE = Node("size", "number", optional=True, default=3)
ADDRESS = Node("address", "string", optional=True, computed=True)
NOTE = Node("note", "string", optional=True)
SECRET = Node("secret", "string", optional=True, write_only=True)
ZONES = Node("zones", ["set", "string"], optional=True)
RULES = Node(
    "rule",
    block=Block("rules"),
    children=(NAME, NOTE, ADDRESS),
    nesting="set",
    is_block=True,
)
PROFILE = Node(
    "profile",
    block=Block("profile"),
    children=(NAME, NOTE),
    nesting="list",
    is_block=True,
    single=True,
    computed=True,
)


def plan(node: Node, wanted: Any, before: Any = None, *, existing: bool = True) -> Any:
    planner = Planner(existing=existing)
    prior = {node.name: before} if existing else None
    return planner.object((node,), {node.name: wanted}, prior)[node.name]


def replaced(node: Node, wanted: Any, before: Any) -> bool:
    planner = Planner(existing=True)
    planner.object((node,), {node.name: wanted}, {node.name: before})
    return bool(planner.replacements)


@pytest.mark.parametrize(
    ("node", "wanted", "before", "planned"),
    [
        pytest.param(SIZE, None, 5, 3, id="a default comes back when the attribute is removed"),
        pytest.param(SIZE, 4, 3, 4, id="a value is planned as written"),
        pytest.param(NOTE, None, "", "", id="a zero value of state stays"),
        pytest.param(NOTE, None, "old", None, id="a removed attribute becomes null"),
        pytest.param(NOTE, "", None, "", id="an empty text is planned as written"),
        pytest.param(ADDRESS, None, "10.0.0.4", "10.0.0.4", id="what Azure chose stays"),
        pytest.param(ADDRESS, None, None, None, id="what Azure left out is not asked for again"),
        pytest.param(PLACE, "West Europe", "westeurope", "westeurope", id="a place has one name"),
        pytest.param(ZONES, ["2", "1"], ["1", "2"], ["1", "2"], id="a set has no order"),
        pytest.param(SECRET, "hidden", None, None, id="a write-only value is never planned"),
        pytest.param(PROFILE, [], [{"name": "a"}], [{"name": "a"}], id="a computed block stays"),
        pytest.param(RULES, [], [{"name": "a"}], [], id="a removed block goes"),
    ],
)
def test_an_existing_value_is_planned(node: Node, wanted: Any, before: Any, planned: Any) -> None:
    assert plan(node, wanted, before) == planned


@pytest.mark.parametrize(
    ("node", "wanted", "planned"),
    [
        pytest.param(ADDRESS, None, UNKNOWN, id="Azure will choose"),
        pytest.param(PROFILE, [], UNKNOWN, id="Azure will choose a whole block"),
        pytest.param(NAME, UNKNOWN, UNKNOWN, id="another resource will tell"),
        pytest.param(RULES, UNKNOWN, UNKNOWN, id="a dynamic block is not known"),
        pytest.param(NOTE, None, None, id="nothing is asked for"),
    ],
)
def test_a_new_value_is_planned(node: Node, wanted: Any, planned: Any) -> None:
    assert plan(node, wanted, existing=False) is planned


@pytest.mark.parametrize(
    ("node", "wanted", "before", "expected"),
    [
        pytest.param(NAME, "b", "a", True, id="another name"),
        pytest.param(NAME, UNKNOWN, "a", True, id="a name that is not known yet"),
        pytest.param(PLACE, "West Europe", "westeurope", False, id="another spelling"),
        pytest.param(NOTE, "b", "a", False, id="another note"),
        pytest.param(RULES, [{"name": "b"}], [{"name": "a"}], True, id="another key in a set"),
        pytest.param(PROFILE, [{"name": "b"}], [{"name": "a"}], True, id="a name inside a block"),
    ],
)
def test_only_a_changed_identity_asks_for_a_new_object(
    node: Node, wanted: Any, before: Any, expected: bool
) -> None:
    assert replaced(node, wanted, before) is expected


def test_a_set_element_keeps_what_azure_chose_for_its_name() -> None:
    before = [{"name": "a", "address": "1"}, {"name": "b", "address": "2"}]

    planned = plan(RULES, [{"name": "b", "note": "new"}, {"name": "a"}], before)

    assert [(rule["name"], rule["address"]) for rule in planned] == [("b", "2"), ("a", "1")]


def test_the_path_of_a_replacement_points_into_the_block() -> None:
    planner = Planner(existing=True)

    planner.object((PROFILE,), {"profile": [{"name": "b"}]}, {"profile": [{"name": "a"}]})

    assert planner.replacements == [("profile", 0, "name")]
