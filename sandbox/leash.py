"""
Programs of others: limited, in a group of their own, and gone when whoever started them is.

Their leash is a pipe that nobody writes to. It ends with this process, however that ends, and
then a watcher in the program's group kills the group. What has left its group, as `setsid` does,
is found by the folder that its environment names; what has no such environment is not found.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

SHELL = "/bin/sh"
PROC = Path("/proc")
PASSES = 10  # A program may start another while it is looked for.
FILE_BLOCKS = 512 * 1024  # Of half a kilobyte: no file of a program grows beyond 256 MiB.
CPU = 900  # Seconds.
OPEN = 1024
PROCESSES = 16384  # Of this user, threads and all other programs included. It does not bind root.
LIMITS = f"ulimit -c 0; ulimit -n {OPEN}; ulimit -t {CPU}; ulimit -f {FILE_BLOCKS}; "
# Shells do not agree on the letter, and a lower limit that is there already may stay.
LIMITS += f"ulimit -u {PROCESSES} 2>/dev/null || ulimit -p {PROCESSES} 2>/dev/null; "
# Forked twice, so that the program is not its parent and never waits for it.
WATCHER = "exec 3<&0 </dev/null; ( ( read -r _ <&3; kill -KILL 0 ) & ); "
STARTER = LIMITS + WATCHER + 'exec 3<&-; exec "$@"'


@dataclass
class Program:
    """A running program, and everything that it has started."""

    process: asyncio.subprocess.Process
    _leash: int = field(repr=False)

    async def wait(self) -> int:
        return await self.process.wait()

    def kill(self) -> None:
        """All of it at once; what has ended already is no error."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    async def end(self) -> None:
        """Leave nothing of it behind."""
        self.kill()
        if self._leash >= 0:
            os.close(self._leash)
            self._leash = -1
        await self.process.wait()


async def start(
    argv: tuple[str, ...], folder: Path, env: Mapping[str, str], output: BinaryIO
) -> Program:
    """Start a program that is found on the PATH of its own environment."""
    held, leash = os.pipe()
    try:
        process = await asyncio.create_subprocess_exec(
            *(SHELL, "-c", STARTER, "sh", *argv),
            cwd=folder,
            env=env,
            stdin=held,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # So that all of it can be ended together.
        )
    except BaseException:
        os.close(leash)
        raise
    finally:
        os.close(held)
    return Program(process, leash)


def sweep(folder: Path) -> None:
    """Kill every program whose environment names something in a folder (Linux)."""
    for _ in range(PASSES):
        if not sum(kill_if_from(each, bytes(folder) + b"/") for each in PROC.glob("[0-9]*")):
            return


def kill_if_from(process: Path, mark: bytes) -> bool:
    """Look at an entry of /proc; those of other users, and of dead programs, tell nothing."""
    try:
        if mark not in (process / "environ").read_bytes() or int(process.name) == os.getpid():
            return False
        os.kill(int(process.name), signal.SIGKILL)
    except OSError:
        return False
    return True
