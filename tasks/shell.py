"""The only place that starts programs: own session, own deadline, one polite signal."""

import os
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from tasks.errors import PreflightError, ToolError

GRACE = 25  # Seconds. Prefect kills what is left of a cancelled run after 30.
TAIL = 15  # Lines of a complaint that an error repeats.
SHORTEST_SECRET = 6  # Shorter values would blank out ordinary words.

_running: set[subprocess.Popen[str]] = set()
_guard = threading.Lock()


@dataclass(frozen=True)
class Command:
    """A program call as a value: it can be compared, printed and asserted."""

    argv: tuple[str, ...]
    cwd: Path = field(default_factory=Path.cwd)
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)  # Environment, unseen.
    deadline: float = 600

    def __str__(self) -> str:
        return " ".join(self.argv)


@dataclass(frozen=True)
class Ended:
    """What a program left behind."""

    code: int
    printed: str
    complaint: str


def run(command: Command) -> str:
    """Return what the program printed, or raise with the end of its complaint."""
    ended = attempt(command)
    if ended.code:
        raise ToolError(f"`{command}` ended with {ended.code}.\n{tail(ended)}")
    return ended.printed


def attempt(command: Command, on_line: Callable[[str], None] | None = None) -> Ended:
    """Run to the end and hand over each printed line as it comes; the caller judges the code."""
    program = _start(command)
    lines: list[str] = []
    complaint: deque[str] = deque(maxlen=2000)
    expired = threading.Event()
    timer = threading.Timer(command.deadline, _expire, (program, expired))
    drain = threading.Thread(target=_drain, args=(program.stderr, complaint), daemon=True)
    timer.start()
    drain.start()
    try:
        for line in program.stdout or ():
            lines.append(line)
            if on_line:
                on_line(line.rstrip("\n"))
        program.wait()
        drain.join(timeout=GRACE)
    except BaseException:
        stop(program)
        raise
    finally:
        timer.cancel()
        with _guard:
            _running.discard(program)
    if expired.is_set():
        raise ToolError(
            f"`{command}` took longer than {command.deadline:.0f} s and was interrupted.",
            "See what it waits for; running the flow again goes on where it was.",
        )
    hidden = command.secrets.values()
    return Ended(
        program.returncode, redact("".join(lines), hidden), redact("".join(complaint), hidden)
    )


def tail(ended: Ended) -> str:
    """The end of what the program complained about, or printed when it did not complain."""
    text = ended.complaint.strip() or ended.printed.strip()
    return "\n".join(text.splitlines()[-TAIL:])


def redact(text: str, secrets: Iterable[str]) -> str:
    """Blank out secret values, should a program ever repeat one."""
    for value in secrets:
        if len(value) >= SHORTEST_SECRET:
            text = text.replace(value, "***")
    return text


def stop(program: subprocess.Popen[str]) -> None:
    """Interrupt once, then leave time to release locks; a second signal makes Terraform give up."""
    if program.poll() is None:
        program.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            program.wait(timeout=GRACE)
        with suppress(ProcessLookupError):
            os.killpg(program.pid, signal.SIGKILL)  # Its children, too: they hold its pipes.


def interrupt_all() -> None:
    """Stop what worker threads still run: a cancelled flow interrupts only its main thread."""
    with _guard:
        programs = list(_running)
    stoppers = [threading.Thread(target=stop, args=(program,)) for program in programs]
    for stopper in stoppers:
        stopper.start()
    for stopper in stoppers:
        stopper.join()


def find(program: str, how_to_get: str) -> str:
    """The path of a program, or an error that says where it comes from."""
    path = shutil.which(program)
    if not path:
        raise PreflightError(f"{program} is not on PATH.", how_to_get)
    return path


def _start(command: Command) -> subprocess.Popen[str]:
    try:
        program = subprocess.Popen(
            command.argv,
            cwd=command.cwd,
            env=os.environ | dict(command.env) | dict(command.secrets),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # An inherited pipe would hide a dead engine from Prefect.
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # A cancelled run reaches the program once, through `stop`.
        )
    except FileNotFoundError as error:
        raise ToolError(f"`{command.argv[0]}` could not be started: {error.strerror}.") from error
    with _guard:
        _running.add(program)
    return program


def _expire(program: subprocess.Popen[str], expired: threading.Event) -> None:
    if program.poll() is None:
        expired.set()
        stop(program)


def _drain(pipe: IO[str] | None, into: deque[str]) -> None:
    for line in pipe or ():
        into.append(line)
