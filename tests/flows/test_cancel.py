"""A run that a person cancels in the UI ends cleanly, wherever it is."""

import subprocess
import time
from collections.abc import Callable

import pytest

from tests.flows.conftest import Place, flow_run, start_deployment

pytestmark = pytest.mark.flows
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


def building(place: Place) -> bool:
    return any(
        request["method"] == "PUT" and request["path"].endswith("/supabase-sandbox-aks")
        for request in place.requests()
    )


def until(happened: Callable[[], bool], patience: float = 90) -> None:
    deadline = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < deadline, "It did not happen."
        time.sleep(0.2)


def test_a_cancelled_run_stops_terraform_politely_and_the_next_one_goes_on(worker: Place) -> None:
    worker.environment("sandbox")
    run = start_deployment(worker, "deploy/sandbox")
    until(lambda: building(worker))

    worker.ask(f"flow_runs/{run}/set_state", {"state": {"type": "CANCELLING"}})

    until(lambda: flow_run(worker, run)["state_type"] in ENDED)
    assert flow_run(worker, run)["state_type"] == "CANCELLED"
    folder = str(worker.folder / "work")
    alive = subprocess.run(
        ["pgrep", "-f", f"terraform.*{folder}"], check=False, capture_output=True
    )
    assert alive.stdout == b"", "Terraform outlived the run."
    assert not (worker.folder / "work/sandbox/state/.platform.tfstate.lock.info").exists()
    again = worker.run("deploy", "--environment", "sandbox")
    assert again.code == 0, again.text
