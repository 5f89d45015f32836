"""State directories: damaged, busy, side by side."""

import os
import signal
from pathlib import Path

from sandbox.state import State
from tests.sandbox.persistence.conftest import PLACE, Sandbox, started


def test_a_reset_is_a_reset_for_the_next_start_too(sandbox: Sandbox) -> None:
    sandbox.ask("PUT", "", PLACE).raise_for_status()

    assert sandbox("reset").returncode == 0
    sandbox.kill()
    sandbox.up()

    assert sandbox.ask("GET", "").status_code == 404


def test_what_cannot_be_gone_on_from_is_not_taken_for_an_empty_subscription(
    sandbox: Sandbox,
) -> None:
    sandbox.ask("PUT", "", PLACE).raise_for_status()
    secret = sandbox.form["client_secret"]
    sandbox("down")
    (sandbox.state / "snapshot.db").write_bytes(b"not at all a database" * 100)

    refused = sandbox("up", "--port", "0")
    sandbox.up("--fresh")

    assert refused.returncode == 1
    assert "snapshot.db is damaged" in refused.stderr
    assert "python -m sandbox up --fresh" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert sandbox.ask("GET", "").status_code == 404
    assert sandbox.form["client_secret"] == secret


def test_two_sandboxes_keep_apart(sandbox: Sandbox, tmp_path: Path) -> None:
    with started(tmp_path / "other", "--profile", "instant") as other:
        sandbox.ask("PUT", "", PLACE).raise_for_status()
        for one in (sandbox, other):
            one("down")
            one.up()

        assert sandbox.ask("GET", "").status_code == 200
        assert other.ask("GET", "").status_code == 404


def test_beside_a_sandbox_that_is_slow_to_answer_nothing_starts_and_nothing_is_removed(
    sandbox: Sandbox,
) -> None:
    running = State(sandbox.state).running()
    assert running
    os.kill(running.pid, signal.SIGSTOP)
    (sandbox.state / "running.json").rename(sandbox.state / "running.old")  # Not even recorded.
    try:
        answers = [sandbox(command) for command in ("up", "run", "reset")]
    finally:
        (sandbox.state / "running.old").rename(sandbox.state / "running.json")
        os.kill(running.pid, signal.SIGCONT)

    assert [answer.returncode for answer in answers] == [1, 1, 1]
    assert all("is about to start or to stop" in answer.stderr for answer in answers)
    assert (sandbox.state / "snapshot.db").exists()
