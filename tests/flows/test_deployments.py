"""Runs that start from Prefect, as from its UI: a worker does what the terminal does."""

import time
from typing import Any

import pytest

from tests.flows.conftest import Place, flow_run, start_deployment

pytestmark = pytest.mark.flows
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


@pytest.fixture(scope="module")
def pace() -> tuple[str, float]:
    return "instant", 1.0


def family(place: Place, run: str) -> list[dict[str, Any]]:
    children = place.ask("flow_runs/filter", {"flow_runs": {"parent_flow_run_id": {"any_": [run]}}})
    return [flow_run(place, run), *children]


def answer_plans(place: Place, run: str, answer: str, patience: float = 150) -> dict[str, Any]:
    """Answer each paused plan of the run, like a person in the UI, until the run has ended."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        for one in family(place, run):
            if one["state_name"] == "Paused":
                place.ask(
                    f"flow_runs/{one['id']}/resume",
                    {"run_input": {"answer": answer, "name": "Ada", "comment": "seen by a test"}},
                )
        ended = flow_run(place, run)
        if ended["state_type"] in ENDED:
            return ended
        time.sleep(0.3)
    raise AssertionError(f"The run did not end: {flow_run(place, run)['state']}")


@pytest.fixture(scope="module", autouse=True)
def asked(worker: Place) -> None:
    """Every plan of this module wants a person's word."""
    worker.environment("sandbox", approval="always", approval_timeout=90)


def test_a_run_from_the_ui_does_what_the_terminal_does(worker: Place) -> None:
    run = start_deployment(worker, "deploy/sandbox")

    ended = answer_plans(worker, run, "approve")

    assert ended["state_type"] == "COMPLETED", ended["state"]["message"]
    again = worker.run("deploy", "--environment", "sandbox")
    assert again.code == 0, again.text
    assert "foundation: nothing to change" in again.text
    assert "Release supabase: unchanged" in again.text
