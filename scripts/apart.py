"""Python programs of others, each with packages of its own."""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HOME = Path(__file__).parents[1] / ".engines"


class UnavailableError(Exception):
    """The program could not be installed."""


def install(name: str, lock: Path, home: Path = HOME) -> Path:
    """
    A virtual environment with exactly what the lock file says, kept over runs.

    Returns the folder of its programs; raises UnavailableError when a digest differs.
    """
    folder = home / name
    mark = folder / "installed"
    wanted = f"{sys.version_info[:2]}\n{lock.read_text()}"
    with alone(folder.with_suffix(".lock")):
        if mark.exists() and mark.read_text() == wanted:
            return folder / "bin"
        shutil.rmtree(folder, ignore_errors=True)
        pip = [str(folder / "bin/python"), "-m", "pip", "--disable-pip-version-check", "install"]
        exact = ["--require-hashes", "--no-deps", "--no-compile", "--quiet", "-r", str(lock)]
        for command in ([sys.executable, "-m", "venv", str(folder)], [*pip, *exact]):
            ended = subprocess.run(  # noqa: TID251 # It holds no lock of others.
                command, capture_output=True, text=True, check=False
            )
            if ended.returncode:
                raise UnavailableError(ended.stderr.strip()[-2000:] or "It ended without a word.")
        mark.write_text(wanted)
    return folder / "bin"


@contextmanager
def alone(file: Path) -> Iterator[None]:
    """Only one process at a time is in here."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
