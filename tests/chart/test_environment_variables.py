"""Each variable that the chart sets is one that its service reads."""

import re
from typing import Any

import pytest
import yaml

from tests.chart.conftest import PROJECT, Charts, Rendering
from tests.chart.test_objects import OPTIONS

KNOWN: dict[str, Any] = yaml.safe_load(
    (PROJECT / "tests" / "chart" / "data" / "environment.yaml").read_text()
)
EVERYWHERE = KNOWN.pop("all")


def variables(rendering: Rendering) -> dict[str, set[str]]:
    """Names in the environment of each component's own container."""
    owners = [
        item
        for kind in ("Deployment", "StatefulSet", "DaemonSet")
        for item in rendering.kind(kind).values()
    ]
    found: dict[str, set[str]] = {}
    for owner in owners:
        for container in owner["spec"]["template"]["spec"]["containers"]:
            names = {entry["name"] for entry in container["env"]}
            found.setdefault(container["name"], set()).update(names)
    return found


def is_known(component: str, name: str) -> bool:
    listed = [known for names in KNOWN[component].values() for known in names]
    patterns = (re.escape(known).replace(r"\*", "[A-Z0-9_]+") for known in listed + EVERYWHERE)
    return any(re.fullmatch(pattern, name) for pattern in patterns)


@pytest.mark.parametrize("option", ["none", *OPTIONS])
def test_a_service_gets_no_variable_that_it_does_not_read(charts: Charts, option: str) -> None:
    found = variables(charts.render("supabase", OPTIONS.get(option)))

    unknown = {
        (component, name)
        for component, names in found.items()
        for name in names
        if not is_known(component, name)
    }
    assert unknown == set()


def test_each_component_has_its_list(charts: Charts) -> None:
    everything = {name: {"enabled": True} for name in ("supavisor", "analytics", "vector", "db")}

    assert set(variables(charts.render("supabase", {"components": everything}))) == set(KNOWN)


def test_an_operator_may_add_and_override_variables(charts: Charts) -> None:
    added = {"GOTRUE_SMS_AUTOCONFIRM": "true", "GOTRUE_JWT_EXP": "60", "GOTRUE_JWT_KEYS": ""}

    environment = charts.render("supabase", {"components": {"auth": {"env": added}}}).environment(
        "supabase-auth"
    )

    told = {entry["name"]: entry.get("value") for entry in environment}
    assert added.items() <= told.items()
    assert len(told) == len(environment)


def test_what_an_operator_says_takes_the_place_of_a_field_of_the_pod(charts: Charts) -> None:
    wanted = {"components": {"realtime": {"env": {"POD_IP": "10.0.0.1"}}}}

    environment = charts.render("supabase", wanted).environment("supabase-realtime")

    assert [e for e in environment if e["name"] == "POD_IP"] == [
        {"name": "POD_IP", "value": "10.0.0.1"}
    ]
