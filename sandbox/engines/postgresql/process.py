"""One postmaster: started on a data directory, found again, stopped in order."""

import asyncio
import logging
import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from sandbox.engines.postgresql.account import account
from sandbox.engines.postgresql.engine import Engine
from sandbox.engines.postgresql.errors import EngineError
from sandbox.files import make_private, short_folder

LOG = logging.getLogger(__name__)
SOCKET = ".s.PGSQL.5432"
SOCKET_LIMIT = 100  # Bytes in the path of a unix socket.
STARTING, STOPPING, LOOK = 60.0, 15.0, 0.02  # Seconds.
FAST, AT_ONCE = signal.SIGINT, signal.SIGQUIT  # As a postmaster understands them.


class Postmaster:
    """The process of one server; it listens on a socket that only its owner reaches."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine = engine
        self.data = folder / "data"
        self.log = folder / "postgresql.log"
        self.sockets = socket_folder(folder)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.sockets / SOCKET

    @property
    def pid(self) -> int | None:
        """The process, while it runs."""
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    def spawn(self) -> None:
        """Begin to start it, on data that no other uses; `ready` tells when it listens."""
        owner = account().owner
        try:
            make_private(self.sockets, *(() if owner is None else (owner,)))
        except OSError as error:
            raise EngineError(f"PostgreSQL has no place to listen: {error}") from error
        for folder in (self.data, self.sockets):
            account().own(folder)
        log = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._process = subprocess.Popen(
                [
                    *account().before,
                    *(str(self.engine.postgres), "-D", str(self.data), "-k", str(self.sockets)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"PATH": os.defpath, "TZ": "UTC"},
                start_new_session=True,
            )
        finally:
            os.close(log)

    async def ready(self) -> None:
        """Return once it takes connections."""
        deadline = time.monotonic() + STARTING
        while time.monotonic() < deadline:
            if self.pid is None:
                said = self.log.read_text(errors="replace").strip().splitlines()[-3:]
                raise EngineError(f"PostgreSQL does not start: {' '.join(said)}")
            if status(self.data) == "ready":
                return
            await asyncio.sleep(LOOK)
        await self.stop()
        raise EngineError(f"PostgreSQL did not start within {STARTING:.0f} s: see {self.log}.")

    def reload(self) -> None:
        """Let it read its files again."""
        if self.pid:
            os.kill(self.pid, signal.SIGHUP)

    async def stop(self) -> None:
        """End all sessions and stop; what is committed stays."""
        process, self._process = self._process, None
        if process is not None:
            for how in (FAST, AT_ONCE, signal.SIGKILL):
                if await ended(process, how):
                    break
            await asyncio.to_thread(shutil.rmtree, self.sockets, ignore_errors=True)


async def ended(process: "subprocess.Popen[bytes]", how: int) -> bool:
    """Signal a process, and say whether it has ended in time."""
    deadline = time.monotonic() + STOPPING
    with suppress(ProcessLookupError):
        process.send_signal(how)
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return True
        await asyncio.sleep(LOOK)
    return False


def socket_folder(folder: Path) -> Path:
    """Beside the data, or in the system's place for short-lived things when the path is long."""
    beside = folder.resolve() / "socket"
    return beside if len(bytes(beside / SOCKET)) <= SOCKET_LIMIT else short_folder(beside)


def status(data: Path) -> str:
    """What a postmaster last wrote about itself: starting, ready, stopping; or nothing."""
    lines = record(data)
    return lines[7].strip() if len(lines) > 7 else ""  # noqa: PLR2004  # Its eighth line.


def record(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def end_stray(data: Path) -> None:
    """A sandbox that was killed may have left its postmaster: no second one may join it."""
    lines = record(data)
    if not lines or not lines[0].strip().isdigit():
        return
    pid = int(lines[0])
    deadline = time.monotonic() + STOPPING
    for how in (FAST, signal.SIGKILL):
        while runs(pid, data) and time.monotonic() < deadline:
            with suppress(ProcessLookupError):
                os.kill(pid, how)
            time.sleep(LOOK)
        deadline += STOPPING
    (data / "postmaster.pid").unlink(missing_ok=True)


def runs(pid: int, data: Path) -> bool:
    """Is this process a postmaster on that data directory; numbers are given again."""
    shown = subprocess.run(  # noqa: TID251  # The product's shell is not the sandbox's.
        ["ps", "-ww", "-o", "args=", "-p", str(pid)],  # noqa: S607  # Wherever the system has it.
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return f"-D {data} " in f"{shown.strip()} "
