"""A person's word: given, refused, or never said; in the UI and in a terminal."""

import json
import os
import pty
import subprocess
import sys
import time
from typing import Any

import httpx
import pytest

from tests.flows.conftest import PROJECT, Place, flow_run, start_deployment

pytestmark = pytest.mark.flows
ENDED = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
PATIENCE = 240


@pytest.fixture(scope="module")
def pace() -> tuple[str, float]:
    return "instant", 1.0


def family(place: Place, run: str) -> list[dict[str, Any]]:
    """The run and its stages."""
    children = place.ask("flow_runs/filter", {"flow_runs": {"parent_flow_run_id": {"any_": [run]}}})
    return [flow_run(place, run), *children]


def waiting(place: Place, run: str, state: str) -> dict[str, Any]:
    """The run, as soon as it waits for an answer."""
    deadline = time.monotonic() + PATIENCE
    while (found := flow_run(place, run))["state_name"] != state:
        assert found["state_type"] not in ENDED, found["state"]
        assert time.monotonic() < deadline, found["state"]
        time.sleep(0.3)
    return found


def ended(place: Place, run: str) -> dict[str, Any]:
    deadline = time.monotonic() + PATIENCE
    while (found := flow_run(place, run))["state_type"] not in ENDED:
        assert time.monotonic() < deadline, found["state"]
        time.sleep(0.3)
    return found


def answer(place: Place, run: str, word: str, comment: str) -> None:
    """As the form in the UI does."""
    given = {"answer": word, "name": "Ada", "comment": comment}
    for _ in range(20):
        try:
            place.ask(f"flow_runs/{run}/resume", {"run_input": given})
        except httpx.HTTPStatusError as error:  # SQLite on a loaded machine.
            if not error.response.is_server_error:
                raise
            time.sleep(1)
        else:
            return
    raise AssertionError("The server did not take the answer.")


def records(place: Place, run: str) -> list[dict[str, Any]]:
    """Who answered what, as the report reads it."""
    flows = [one["id"] for one in family(place, run)]
    wanted = {"artifacts": {"flow_run_id": {"any_": flows}, "key": {"any_": ["approval"]}}}
    found = place.ask("artifacts/filter", wanted)
    return [line for artifact in found for line in json.loads(artifact["data"])]


def built(place: Place) -> int:
    return sum(request["method"] == "PUT" for request in place.requests())


def slots(place: Place) -> int:
    answer = place.ask("v2/concurrency_limits/filter", {})
    return sum(one["active_slots"] for one in answer if one["name"] == "environment-sandbox")


def in_terminal(place: Place, *arguments: str, says: str) -> tuple[int, str]:
    """Run flows with a terminal of its own, and type this when it asks."""
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "flows", *arguments],
        cwd=PROJECT,
        env=place.variables | {"CI": ""},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    text, answered = "", 0
    try:
        while True:
            text += os.read(ours, 65536).decode(errors="replace")
            if text.count("Type yes to go on") > answered:
                answered += 1
                os.write(ours, f"{says}\n".encode())
    except OSError:  # The terminal is closed: the program has ended.
        pass
    finally:
        os.close(ours)
    return program.wait(timeout=60), text


def test_a_plan_that_is_rejected_in_the_ui_ends_the_run_and_changes_nothing(worker: Place) -> None:
    worker.environment("sandbox", approval="always", approval_timeout=90)
    run = start_deployment(worker, "provision/sandbox")
    waiting(worker, run, "Paused")

    answer(worker, run, "reject", "not on a Friday")

    found = ended(worker, run)
    assert found["state_type"] == "FAILED"
    assert "Rejected: not on a Friday" in found["state"]["message"]
    (record,) = records(worker, run)
    assert (record["answer"], record["by"], record["comment"]) == (
        "reject",
        "Ada",
        "not on a Friday",
    )
    assert built(worker) == 0


def test_a_form_without_an_answer_is_no_answer(worker: Place) -> None:
    run = start_deployment(worker, "provision/sandbox")
    waiting(worker, run, "Paused")

    said = worker.ask(f"flow_runs/{run}/resume", {"run_input": {"comment": "hm"}})

    assert said["status"] == "REJECT"
    assert flow_run(worker, run)["state_name"] == "Paused"
    answer(worker, run, "reject", "enough")
    ended(worker, run)


def test_nobody_answers_in_time(worker: Place) -> None:
    worker.environment("sandbox", approval="always", approval_timeout=10)
    run = start_deployment(worker, "provision/sandbox")

    found = ended(worker, run)

    # Prefect's server may fail the run first, in words of its own; the log has ours.
    assert found["state_type"] == "FAILED"
    lines = worker.ask("logs/filter", {"logs": {"flow_run_id": {"any_": [run]}}})
    assert any("Nobody answered within 10 s" in line["message"] for line in lines), lines
    assert built(worker) == 0


def test_a_no_in_the_terminal_is_a_no(worker: Place) -> None:
    worker.environment("sandbox", approval="always", approval_timeout=90)

    code, text = in_terminal(worker, "provision", "--environment", "sandbox", says="no, not today")

    assert code == 1, text
    assert "Rejected: no, not today." in text
    assert built(worker) == 0


def test_ci_has_no_person_even_where_it_has_a_terminal(worker: Place) -> None:
    ended = worker.run("provision", "--environment", "sandbox", CI="true")

    assert ended.code == 1
    assert "Nobody is here to approve it" in ended.text
    assert "run again with --yes" in ended.text


def test_a_long_wait_frees_worker_and_turn_and_goes_on_with_the_answer(worker: Place) -> None:
    worker.environment("sandbox", approval="always", approval_timeout=86_400)
    run = start_deployment(worker, "provision/sandbox")
    waiting(worker, run, "Suspended")

    assert slots(worker) == 0
    assert built(worker) == 0
    answer(worker, run, "approve", "the foundation is fine")

    deadline = time.monotonic() + PATIENCE  # The next question is about the platform.
    while built(worker) == 0 or flow_run(worker, run)["state_name"] != "Suspended":
        assert time.monotonic() < deadline, flow_run(worker, run)["state"]
        time.sleep(0.3)
    answer(worker, run, "reject", "the platform is not")
    found = ended(worker, run)
    assert "Rejected: the platform is not" in found["state"]["message"]
    assert [one["answer"] for one in records(worker, run)] == ["approve", "reject"]


def test_a_yes_in_the_terminal_is_on_record_with_its_reason(worker: Place) -> None:
    code, text = in_terminal(
        worker, "provision", "--environment", "sandbox", says="yes, the window is open"
    )

    assert code == 0, text
    assert "the window is open" in text
    assert "Apply this plan to sandbox? Approved by" in text
