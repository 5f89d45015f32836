"""Whether the proxy can have its port, and who has it otherwise."""

import errno
import re
import socket
import subprocess
from pathlib import Path

from sandbox.state import SandboxError, State

HIGHEST = 65535
STARTED = re.compile(r" -m sandbox run --state (?P<folder>.+?) --port \d+ ")
"""How `up` starts a sandbox."""


def check(port: int) -> None:
    """See before the start whether the port is free, for an answer that needs no log."""
    if not 0 <= port <= HIGHEST:
        raise SandboxError(
            f"{port} is not a port.",
            f"Choose one from 1 to {HIGHEST} with --port; 0 takes a free one.",
        )
    try:
        with socket.create_server(("127.0.0.1", port)):
            return
    except OSError as error:
        raise SandboxError(
            refusal(port, error), "Choose another one with --port; 0 takes a free one."
        ) from error


def refusal(port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken by {holder(port)}."
    if error.errno == errno.EACCES:
        return f"Port {port} is for the system's administrator only."
    return f"Port {port} cannot be used: {error.strerror}."


def holder(port: int) -> str:
    """A sandbox of another state directory, as far as the list of processes tells."""
    ps = ["ps", "-A", "-ww", "-o", "command="]
    try:
        listed = subprocess.run(  # noqa: TID251  # Short, and holds no lock.
            ps, capture_output=True, text=True, check=False
        ).stdout
    except OSError:
        listed = ""
    for found in STARTED.finditer(listed):
        running = State(Path(found["folder"])).running()
        if running and running.port == port:
            return f"the sandbox of {found['folder']} (pid {running.pid})"
    return "another program"
