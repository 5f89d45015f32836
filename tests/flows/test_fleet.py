"""Many environments: in waves, by their own deployments, until something fails."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from tasks import turn
from tests.flows.asking import QUESTION
from tests.flows.conftest import PREFECT, PROJECT, Place, flow_run

Until = Callable[[Callable[[], bool], str], None]

pytestmark = pytest.mark.flows
POOL = "fleet-of-tests"
NAMES = ("broken", "first", "second")


@pytest.fixture(scope="module")
def pace() -> tuple[str, float]:
    return "instant", 1.0


@pytest.fixture(scope="module")
def fleet(place: Place) -> Iterator[Place]:
    """Three environments with deployments of `preflight` and `verify`, and one worker for all."""
    for name in NAMES:
        place.environment(name)
    place.environment("broken", values="values/nowhere.yaml")
    httpx.post(f"{place.api}/work_pools/", json={"name": POOL, "type": "process"}, trust_env=False)
    entrypoints = {
        "preflight": "flows.preflight.preflight",
        "verify": "tests.flows.asking.verify",
    }
    for flow, entrypoint in entrypoints.items():
        known = place.ask("flows/", {"name": flow})
        for name in NAMES:
            deployment = {
                "name": name,
                "flow_id": known["id"],
                "entrypoint": entrypoint,
                "work_pool_name": POOL,
                "parameters": {"environment": name},
            }
            place.ask("deployments/", deployment)
    with (place.folder / "worker.log").open("w") as log:
        program = subprocess.Popen(
            [PREFECT, "worker", "start", "--pool", POOL],
            cwd=PROJECT,
            env=place.variables | {"PYTHONPATH": str(PROJECT)},  # For `tests`.
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


def begun(place: Place, flow: str, environment: str, state: str) -> list[dict[str, Any]]:
    """The runs of an environment that are in this state."""
    wanted = {"name": {"any_": [f"{flow}-{environment}"]}, "state": {"name": {"any_": [state]}}}
    found: list[dict[str, Any]] = place.ask("flow_runs/filter", {"flow_runs": wanted})
    return found


def texts(place: Place, run: str) -> list[str]:
    lines = place.ask("logs/filter", {"logs": {"flow_run_id": {"any_": [run]}}})
    return [line["message"] for line in lines]


def keys(place: Place, run: str) -> set[str]:
    """Of the artifacts on the page of this very run."""
    wanted = {"artifacts": {"flow_run_id": {"any_": [run]}}}
    return {one["key"] for one in place.ask("artifacts/filter", wanted)}


def test_a_question_is_that_of_the_environments_run_and_not_of_the_fleet(
    fleet: Place, until: Until
) -> None:
    fleet.environment("first", approval_wait="suspend", approval_timeout=3600)
    fleet.environment("second", approval_wait="pause", approval_timeout=3600)
    flags = ("--action", "verify", "--percent", "100", "--only", "first", "second")
    program = fleet.start("fleet", *flags)

    until(lambda: bool(begun(fleet, "verify", "first", "Suspended")), "No run suspended.")
    until(lambda: bool(begun(fleet, "ask", "second", "Paused")), "No stage paused.")
    (suspended,) = begun(fleet, "verify", "first", "Suspended")
    (paused,) = begun(fleet, "ask", "second", "Paused")
    (holder,) = begun(fleet, "verify", "second", "Running")
    with temporary_settings({PREFECT_API_URL: fleet.api}):
        told = turn.busy("second")

    assert program.poll() is None
    assert told == f"Environment second is held by verify-second ({holder['id']})."
    # Who opens the run's page finds the stage that asks; logs are sent every other second.
    until(
        lambda: any(
            QUESTION in text and paused["id"] in text for text in texts(fleet, holder["id"])
        ),
        "The run does not tell which stage asks.",
    )
    assert "question-second" in keys(fleet, holder["id"])
    for run in (suspended, paused):
        given = {"run_input": {"answer": "approve", "name": "Ada"}}
        assert fleet.ask(f"flow_runs/{run['id']}/resume", given)["status"] == "ACCEPT"
    text, _ = program.communicate(timeout=180)
    assert program.returncode == 0, text
    for run in (suspended, holder):
        assert flow_run(fleet, run["id"])["state_type"] == "COMPLETED"
        assert f"report-{run['parameters']['environment']}" in keys(fleet, run["id"])
