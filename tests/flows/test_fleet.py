"""Many environments: in waves, by their own deployments, until something fails."""

import os
import signal
import subprocess
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.flows.conftest import PREFECT, PROJECT, Place

pytestmark = pytest.mark.flows
POOL = "fleet-of-tests"
NAMES = ("broken", "first", "second")


@pytest.fixture(scope="module")
def pace() -> tuple[str, float]:
    return "instant", 1.0


@pytest.fixture(scope="module")
def fleet(place: Place) -> Iterator[Place]:
    """Three environments with a deployment of `preflight` each, and one worker for all."""
    for name in NAMES:
        place.environment(name)
    place.environment("broken", values="values/nowhere.yaml")
    httpx.post(f"{place.api}/work_pools/", json={"name": POOL, "type": "process"}, trust_env=False)
    flow = place.ask("flows/", {"name": "preflight"})
    for name in NAMES:
        deployment = {
            "name": name,
            "flow_id": flow["id"],
            "entrypoint": "flows.preflight.preflight",
            "work_pool_name": POOL,
            "parameters": {"environment": name},
        }
        place.ask("deployments/", deployment)
    with (place.folder / "worker.log").open("w") as log:
        program = subprocess.Popen(
            [PREFECT, "worker", "start", "--pool", POOL],
            cwd=PROJECT,
            env=place.variables,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    yield place
    os.killpg(program.pid, signal.SIGKILL)


def page(place: Place, key: str) -> str:
    """The newest artifact of this key."""
    wanted = {"artifacts": {"key": {"any_": [key]}}, "sort": "CREATED_DESC", "limit": 1}
    found: list[dict[str, Any]] = place.ask("artifacts/filter", wanted)
    return str(found[0]["data"])


def test_a_canary_that_fails_spares_the_fleet(fleet: Place) -> None:
    ended = fleet.run("fleet", "--action", "preflight", "--canary", "broken")

    assert ended.code == 1, ended.text
    assert "preflight went wrong for broken; 2 environments were not begun." in ended.text
    table = page(fleet, "fleet")
    assert "| 1 | broken | Failed |" in table
    assert "| 2 | first | not begun |" in table


def test_a_wave_that_is_well_is_told_with_a_link_to_each_run(fleet: Place) -> None:
    flags = ("--action", "preflight", "--percent", "100", "--only", "first", "second")

    ended = fleet.run("fleet", *flags)

    assert ended.code == 0, ended.text
    table = page(fleet, "fleet")
    assert "**2 of 2** environments are done" in table
    assert table.count("/runs/flow-run/") == 2


def test_who_has_no_deployment_is_named_before_anything_begins(fleet: Place) -> None:
    fleet.environment("nobody")

    ended = fleet.run("fleet", "--action", "preflight")

    assert ended.code == 2, ended.text
    assert "Prefect knows no deployment of preflight for nobody." in ended.text
    assert "python -m flows register" in ended.text


def test_all_environments_are_on_one_page(fleet: Place) -> None:
    ended = fleet.run("overview")

    assert ended.code == 0, ended.text
    text = page(fleet, "fleet-overview")
    assert text in ended.text.replace("\r", "")
    assert "| first | never |" in text
