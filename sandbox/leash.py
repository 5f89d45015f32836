"""
Programs of others: limited, in a group of their own, and gone when whoever started them is.

Their leash is a pipe that nobody writes to. It ends with this process, however that ends, and
then a watcher in the program's group kills the group.
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
FILE_BLOCKS = 512 * 1024  # Of half a kilobyte: no file of a program grows beyond 256 MiB.
CPU = 900  # Seconds.
OPEN = 1024
LIMITS = f"ulimit -c 0; ulimit -n {OPEN}; ulimit -t {CPU}; ulimit -f {FILE_BLOCKS}; "
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
