"""Runs that start from Prefect, as from its UI: a worker does what the terminal does."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.flows.conftest import PROJECT, Place

pytestmark = pytest.mark.flows
PREFECT = str(Path(sys.executable).parent / "prefect")
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@pytest.fixture(scope="module")
def pace() -> tuple[str, float]:
    return "instant", 1.0


@pytest.fixture(scope="module")
def worker(place: Place) -> Iterator[Place]:
    """A worker of the sandbox's pool, with every deployment of prefect.yaml."""
    variables = place.variables | {"PROJECT": str(PROJECT)}
    place.environment("sandbox", approval="always", approval_timeout=90)
    for command in (
        ["work-pool", "create", "supabase-sandbox", "--type", "process"],
        ["work-pool", "create", "supabase-dev", "--type", "process"],
        ["--no-prompt", "deploy", "--all"],
    ):
        done = subprocess.run(
            [PREFECT, *command],
            cwd=PROJECT,
            env=variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    with (place.folder / "worker.log").open("w") as log:
        program = subprocess.Popen(
            [PREFECT, "worker", "start", "--pool", "supabase-sandbox"],
            cwd=PROJECT,
            env=variables,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    yield place
    os.killpg(program.pid, signal.SIGKILL)


def start(place: Place, deployment: str) -> str:
    """Start a deployment as its form in the UI does; the id of the run."""
    found = httpx.get(f"{place.api}/deployments/name/{deployment}", trust_env=False).json()
    run = place.ask(f"deployments/{found['id']}/create_flow_run", {})
    return str(run["id"])


def run_of(place: Place, run: str) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(f"{place.api}/flow_runs/{run}", trust_env=False).json()
    return answer


def family(place: Place, run: str) -> list[dict[str, Any]]:
    children = place.ask("flow_runs/filter", {"flow_runs": {"parent_flow_run_id": {"any_": [run]}}})
    return [run_of(place, run), *children]


def answer_plans(place: Place, run: str, *, approve: bool, patience: float = 150) -> dict[str, Any]:
    """Answer each paused plan of the run, like a person in the UI, until the run has ended."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        for one in family(place, run):
            if one["state_name"] == "Paused":
                place.ask(
                    f"flow_runs/{one['id']}/resume",
                    {"run_input": {"approve": approve, "comment": "seen by a test"}},
                )
        ended = run_of(place, run)
        if ended["state_type"] in ENDED:
            return ended
        time.sleep(0.3)
    raise AssertionError(f"The run did not end: {run_of(place, run)['state']}")


def test_a_rejected_plan_ends_the_run_and_changes_nothing(worker: Place) -> None:
    run = start(worker, "provision/sandbox")

    ended = answer_plans(worker, run, approve=False)

    assert ended["state_type"] == "FAILED"
    assert "Rejected: seen by a test" in ended["state"]["message"]
    assert not [r for r in worker.requests() if r["method"] == "PUT"]


def test_a_run_from_the_ui_does_what_the_terminal_does(worker: Place) -> None:
    run = start(worker, "deploy/sandbox")

    ended = answer_plans(worker, run, approve=True)

    assert ended["state_type"] == "COMPLETED", ended["state"]["message"]
    again = worker.run("deploy", "--environment", "sandbox")
    assert again.code == 0, again.text
    assert "foundation: nothing to change" in again.text
    assert "Release supabase: unchanged" in again.text
