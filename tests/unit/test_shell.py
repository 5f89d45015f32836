import threading
import time
from pathlib import Path

import pytest

from tasks import shell
from tasks.errors import PreflightError, ToolError
from tasks.shell import Command

POLITE = """\
trap 'echo released; exit 1' INT
echo ready
while :; do sleep 0.05; done
"""


def test_a_failure_carries_the_end_of_the_complaint() -> None:
    with pytest.raises(ToolError, match=r"ended with 3\.\nno such thing"):
        shell.run(Command(("sh", "-c", "echo no such thing >&2; exit 3")))


def test_lines_are_handed_over_while_the_program_still_runs() -> None:
    came = threading.Event()
    worker = threading.Thread(
        target=shell.attempt,
        args=(Command(("sh", "-c", "echo first; exec sleep 5")), lambda _line: came.set()),
        daemon=True,
    )

    worker.start()

    assert came.wait(timeout=3)
    shell.interrupt_all()
    worker.join(timeout=3)
    assert not worker.is_alive()


def test_an_interrupted_program_gets_one_signal_and_time_to_clean_up() -> None:
    ready, ended = threading.Event(), []
    worker = threading.Thread(
        target=lambda: ended.append(
            shell.attempt(Command(("bash", "-c", POLITE)), lambda _line: ready.set())
        )
    )
    worker.start()
    assert ready.wait(timeout=3)

    shell.interrupt_all()

    worker.join(timeout=5)
    assert ended[0].printed == "ready\nreleased\n"


def test_a_deadline_interrupts_and_says_so() -> None:
    with pytest.raises(ToolError, match=r"took longer than 0 s and was interrupted"):
        shell.run(Command(("bash", "-c", POLITE), deadline=0.2))


def test_a_secret_reaches_the_program_and_no_text_of_ours() -> None:
    command = Command(
        ("sh", "-c", 'echo "bad password: $PASSWORD" >&2; exit 1'),
        secrets={"PASSWORD": "open-sesame"},
    )

    with pytest.raises(ToolError) as caught:
        shell.run(command)

    assert "bad password: ***" in str(caught.value)
    assert "open-sesame" not in repr(command)


def test_a_missing_program_is_reported_with_how_to_get_it() -> None:
    with pytest.raises(PreflightError, match="no-such-tool is not on PATH") as caught:
        shell.find("no-such-tool", "Install it.")

    assert caught.value.hint == "Install it."


def test_output_of_any_size_does_not_block(tmp_path: Path) -> None:
    script = "head -c 3000000 /dev/zero | tr '\\0' x; head -c 3000000 /dev/zero >&2"

    started = time.monotonic()
    ended = shell.attempt(Command(("sh", "-c", script), cwd=tmp_path, deadline=30))

    assert len(ended.printed) == 3_000_000
    assert time.monotonic() - started < 30  # The deadline would have cut it.
