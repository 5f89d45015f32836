"""PostgreSQL refuses to run as root: the ways to be somebody else, and still reach one's files."""

import functools
import os
import pwd
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sandbox.engines.postgresql.errors import EngineError

OTHER = "nobody"  # The one user that every system knows.
DEADLINE = 10.0  # Seconds; the programs asked here answer at once.


@dataclass(frozen=True)
class Account:
    """Who runs the engine: what stands before its command, and whose its files must be."""

    before: tuple[str, ...] = ()
    owner: int | None = None

    def own(self, folder: Path) -> None:
        """Give a folder and all in it to this account; only root has to."""
        if self.owner is None:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, self.owner, -1, follow_symlinks=False)


@functools.cache
def account() -> Account:
    """The first way that works on this machine."""
    if os.geteuid() != 0:
        return Account(ends_with_us())
    other = pwd.getpwnam(OTHER)
    mapped = ("unshare", "--user", f"--map-user={other.pw_uid}", f"--map-group={other.pw_gid}")
    # Another user has no way into folders that are root's alone, except with this capability;
    # without the bit, the kernel leaves it out of account when a program asks what it may do.
    capable = (
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
        "--securebits=+no_setuid_fixup",
    )
    changed = ("setpriv", f"--reuid={other.pw_uid}", f"--regid={other.pw_gid}", "--clear-groups")
    ways = (Account(mapped, 0), Account((*changed, *capable), other.pw_uid))
    for way in ways:
        if works(way.before):
            return Account((*way.before, *ends_with_us()), way.owner)
    raise EngineError(
        "PostgreSQL does not run as root, and this machine lets root be nobody else: neither "
        "`unshare --user` nor `setpriv` works. Run the sandbox as another user."
    )


def works(before: tuple[str, ...]) -> bool:
    """Does a command run as somebody who is not root."""
    if shutil.which(before[0]) is None:
        return False
    try:
        asked = subprocess.run(  # noqa: TID251  # The product's shell is not the sandbox's.
            [*before, "id", "-u"], capture_output=True, timeout=DEADLINE, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0 and asked.stdout.strip() not in (b"", b"0")


def ends_with_us() -> tuple[str, ...]:
    """Let the kernel tell the engine to stop in order should the sandbox be killed (Linux)."""
    if sys.platform == "linux" and shutil.which("setpriv"):
        return ("setpriv", "--pdeathsig", "INT")
    return ()
