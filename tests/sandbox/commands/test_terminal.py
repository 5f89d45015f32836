"""What a terminal is sent."""

import os
import pty
import subprocess
import sys

import pytest


def on_a_terminal(*words: str, **variables: str) -> bytes:
    """All that a command writes to a terminal."""
    ours, theirs = pty.openpty()
    known = {"PATH": "/usr/bin:/bin", "TERM": "xterm-256color"}
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", *words],
        env=known | variables,
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    ):
        os.close(theirs)
        written = b""
        try:
            while more := os.read(ours, 65536):
                written += more
        except OSError:  # The end, on Linux.
            pass
        finally:
            os.close(ours)
    return written


@pytest.mark.parametrize(
    "words",
    [
        ("--help",),
        ("faults", "--help"),
        ("faults", "scenarios"),
        ("status", "--state", "nowhere"),
        ("log", "--nonsense"),
    ],
)
def test_without_colour_there_is_no_escape_code(words: tuple[str, ...]) -> None:
    assert b"\x1b" in on_a_terminal(*words)

    plain = on_a_terminal(*words, NO_COLOR="1")

    assert plain
    assert b"\x1b" not in plain
