"""A run that a person cancels, or that is killed, ends cleanly or is taken over, wherever it is."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.flows.conftest import Place, flow_run, start_deployment

pytestmark = pytest.mark.flows
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
CLUSTER = "/supabase-sandbox-aks"
# In the order of a deploy: each one goes a stage further than the one before it was let to.
STAGES = ("preflight", "provision", "configure", "release", "verify")
ALWAYS = "provision"  # The longest stage, and the one with Terraform at work: in every test run.


def until(happened: Callable[[], bool], patience: float = 240) -> None:
    deadline = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < deadline, "It did not happen."
        time.sleep(0.3)


def stages(place: Place, run: str) -> list[dict[str, Any]]:
    wanted = {"flow_runs": {"parent_flow_run_id": {"any_": [run]}}}
    return list(place.ask("flow_runs/filter", wanted))


def is_in(place: Place, run: str, stage: str) -> bool:
    """Whether the run is at work in the stage; of `provision` the long part is meant."""
    assert flow_run(place, run)["state_type"] not in ENDED, flow_run(place, run)["state"]
    begun = any(one["name"] == f"{stage}-sandbox" for one in stages(place, run))
    return begun and (stage != "provision" or building(place))


def building(place: Place) -> bool:
    return any(one["method"] == "PUT" and one["path"].endswith(CLUSTER) for one in place.requests())


def programs(place: Place) -> str:
    """Terraform of this place that still runs."""
    pattern = f"terraform.*{place.folder / 'work'}"
    found = subprocess.run(["pgrep", "-af", pattern], check=False, capture_output=True, text=True)
    return found.stdout


def slots(place: Place) -> int:
    limits = place.ask("v2/concurrency_limits/filter", {})
    return sum(one["active_slots"] for one in limits if one["name"] == "environment-sandbox")


@pytest.mark.parametrize(
    "stage",
    [pytest.param(one, marks=[] if one == ALWAYS else [pytest.mark.long]) for one in STAGES],
)
def test_a_run_that_is_cancelled_leaves_nothing_behind(worker: Place, stage: str) -> None:
    worker.environment("sandbox")
    run = start_deployment(worker, "deploy/sandbox")
    until(lambda: is_in(worker, run, stage))

    worker.ask(f"flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})

    until(lambda: flow_run(worker, run)["state_type"] in ENDED, 120)
    assert flow_run(worker, run)["state_type"] == "CANCELLED"
    until(lambda: not programs(worker), 60)
    until(lambda: slots(worker) == 0, 120)
    assert not list((worker.folder / "work/sandbox/state").glob(".*.lock.info"))


@pytest.mark.long
def test_after_a_kill_in_the_middle_of_a_release_the_next_run_takes_over(worker: Place) -> None:
    run = start_deployment(worker, "deploy/sandbox")
    until(lambda: is_in(worker, run, "release"))

    os.kill(int(flow_run(worker, run)["infrastructure_pid"].rpartition(":")[2]), signal.SIGKILL)

    until(lambda: flow_run(worker, run)["state_type"] in ENDED)
    assert flow_run(worker, run)["state_type"] == "CRASHED"
    again = worker.run("deploy", "--environment", "sandbox")
    assert again.code == 0, again.text
    assert "checks hold" in again.text
