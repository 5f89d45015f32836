"""Files and folders that only their owner reads."""

import contextlib
import hashlib
import os
import stat
import tempfile
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Create or replace a file that only its owner reads."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


def make_private(folder: Path, *owners: int) -> None:
    """
    Make a folder that nobody else enters, or see that it is one.

    In a place that others write to, somebody may have made it before us. `owners` are users that
    it may belong to besides this one.
    """
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    mine = found.st_uid in (os.geteuid(), *owners)
    if not (stat.S_ISDIR(found.st_mode) and mine and stat.S_IMODE(found.st_mode) == stat.S_IRWXU):
        raise PermissionError(
            f"{folder} is not a folder that only this user enters: look whose it is, and remove it."
        )


def short_folder(folder: Path) -> Path:
    """Another place for what needs a short path, always the same; `make_private` makes it."""
    mark = hashlib.sha256(bytes(folder.resolve())).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"sandbox-{os.geteuid()}-{mark}"
