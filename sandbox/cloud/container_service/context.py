"""The files that come with a command: a zip archive, unpacked with suspicion."""

import base64
import io
import lzma
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from sandbox.cloud.container_service.refusals import refusal

BODY_BUDGET = 1024 * 1024  # Bytes of a request. Azure's own limit is not documented.
UNPACKED_BUDGET = 64 * 1024 * 1024
ENTRIES = 5000
CHUNK = 64 * 1024
# What `zipfile` raises for damage; for encryption and unknown compression it is RuntimeError.
UNREADABLE = (zipfile.BadZipFile, RuntimeError, zlib.error, lzma.LZMAError, EOFError, OSError)


def check_size(size: int) -> None:
    if size > BODY_BUDGET:
        raise refusal(
            413,
            "RequestEntityTooLarge",
            f"Request Entity Too Large: the request has {size} bytes, and {BODY_BUDGET} is the "
            "sandbox's budget. Azure's own number is not documented; it refuses about as much.",
        )


def read(text: str) -> bytes:
    """The archive behind the base64 text, proven to unpack; line ends are allowed."""
    if not text:
        return b""
    try:
        data = base64.b64decode("".join(text.split()), validate=True)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for entry in archive.infolist():
                check_entry(entry)
            sizes = [entry.file_size for entry in archive.infolist()]
            if sum(sizes) > UNPACKED_BUDGET or len(sizes) > ENTRIES:
                raise refusal(
                    400,
                    "InvalidContext",
                    f"The context unpacks to {sum(sizes)} bytes in {len(sizes)} files; the "
                    f"sandbox takes {UNPACKED_BUDGET} bytes in {ENTRIES} files.",
                )
            prove(archive)
    except (*UNREADABLE, ValueError) as error:
        raise refusal(
            400, "InvalidContext", f"The context is not a base64-encoded zip archive: {error}."
        ) from error
    return data


def prove(archive: zipfile.ZipFile) -> None:
    """Read every file once, so that damage is found before anything runs."""
    for entry in archive.infolist():
        with archive.open(entry) as source:
            while source.read(CHUNK):
                pass


def check_entry(entry: zipfile.ZipInfo) -> None:
    """Only plain files below the folder itself."""
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise refusal(
            400, "InvalidContext", f"The context holds '{entry.filename}', outside its own folder."
        )
    if stat.S_ISLNK(entry.external_attr >> 16):
        raise refusal(
            400, "InvalidContext", f"The context holds '{entry.filename}', a symbolic link."
        )


def unpack(data: bytes, folder: Path) -> None:
    """Write the files; an archive that lies about its sizes ends in `ValueError`."""
    if not data:
        return
    left = UNPACKED_BUDGET
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            target = folder / PurePosixPath(entry.filename.replace("\\", "/"))
            if entry.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(entry) as source, target.open("wb") as copy:
                while chunk := source.read(CHUNK):
                    left -= len(chunk)
                    if left < 0:
                        raise ValueError("the context unpacks to more than it says")
                    copy.write(chunk)
            mode = (entry.external_attr >> 16) & 0o777
            target.chmod(mode | 0o600 if mode else 0o644)
