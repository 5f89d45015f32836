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
LONGEST_NAME, LONGEST_PATH = 255, 1024  # Bytes; file systems have no more.
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # Others unpack without measure.
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
            check_tree(archive.infolist())
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


def place(entry: zipfile.ZipInfo) -> PurePosixPath:
    """Where an entry belongs, below the folder of the command."""
    return PurePosixPath(entry.filename.replace("\\", "/"))


def check_entry(entry: zipfile.ZipInfo) -> None:
    """Only plain files and folders below the folder itself, with names that a disk takes."""
    path, kind = place(entry), stat.S_IFMT(entry.external_attr >> 16)
    lengths = [len(part.encode("utf-8", "replace")) for part in path.parts]
    wrong = ""
    if path.is_absolute() or ".." in path.parts:
        wrong = "outside its own folder"
    elif kind == stat.S_IFLNK:
        wrong = "a symbolic link"
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        wrong = "which is neither a file nor a folder"
    elif not (path.parts or entry.is_dir()) or not entry.orig_filename.isprintable():
        wrong = "which is no name of a file"
    elif max(lengths, default=0) > LONGEST_NAME or sum(lengths) > LONGEST_PATH:
        wrong = "whose name is too long"
    elif entry.compress_type not in METHODS:
        wrong = "of which the compression method is not supported: store or deflate it"
    if wrong:
        name = ascii(entry.orig_filename)[: LONGEST_NAME + 1]
        raise refusal(400, "InvalidContext", f"The context holds {name}, {wrong}.")


def check_tree(entries: list[zipfile.ZipInfo]) -> None:
    """Nothing is a file and a folder as well; of two files with one name the last one stays."""
    files = {place(entry) for entry in entries if not entry.is_dir()}
    folders = {folder for entry in entries for folder in place(entry).parents}
    folders |= {place(entry) for entry in entries if entry.is_dir()}
    both = sorted(map(str, files & folders))
    if both:
        raise refusal(
            400, "InvalidContext", f"The context holds {both[0]!r} as a file and as a folder."
        )


def unpack(data: bytes, folder: Path) -> None:
    """Write the files; an archive that lies about its sizes ends in `ValueError`."""
    if not data:
        return
    left = UNPACKED_BUDGET
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.infolist():
            target = folder / place(entry)
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
