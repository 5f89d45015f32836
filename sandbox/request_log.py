"""The log of requests: written line by line, and read from its end."""

import json
import os
import re
import time
from calendar import timegm
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import TextIO

BLOCK = 65536
LONGEST = 20_000_000  # Bytes; some hundred thousand requests.
FURTHEST = 4_000_000  # Bytes of the past that somebody who follows the log is shown.
LONG = 40  # Letters of a host.
IDENTIFIER = re.compile(r"(?<=/)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=/|$)")
GROUP = re.compile(r"^/subscriptions/…/resourceGroups/", re.IGNORECASE)
SIGN_IN, VAULT = "login.microsoftonline.com", ".vault.azure.net"
ERROR = 400
FORMAT = "%Y-%m-%dT%H:%M:%SZ"


class Journal:
    """Goes on with the log of earlier runs; of one that has grown too long, one file stays."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._opened: TextIO | None = None
        self._size = 0

    def write(self, entry: dict[str, object]) -> None:
        line = json.dumps(entry) + "\n"
        if self._opened is None:
            self._opened = self._open()
        elif self._size > LONGEST:
            self.close()
            self.file.replace(older(self.file))
            self._opened = self._open()
        self._opened.write(line)
        self._size += len(line)

    def _open(self) -> TextIO:
        opened = self.file.open("a", buffering=1)  # Each line is there for readers at once.
        self._size = opened.tell()
        if self._size and rest_of(self.file, end(self.file)[1], self._size - 1) != b"\n":
            opened.write("\n")  # A kill has cut the last line.
        return opened

    def close(self) -> None:
        if self._opened:
            self._opened.close()
        self._opened = None


def older(file: Path) -> Path:
    """Where the log goes that has grown too long."""
    return file.with_suffix(f".1{file.suffix}")


@dataclass(frozen=True)
class Entry:
    """One request; never its query, headers or body."""

    time: str = ""
    method: str = ""
    host: str = ""
    path: str = ""
    status: int = 0
    caller: str = ""
    name: str = ""
    network: str = ""
    milliseconds: float = 0.0
    fault: str = ""

    @property
    def when(self) -> float:
        try:
            return float(timegm(time.strptime(self.time, FORMAT)))
        except ValueError:
            return 0.0

    @property
    def brief(self) -> tuple[str, str]:
        """Host and path without what is the same everywhere, for a narrow place."""
        host = self.host
        if len(host) > LONG:
            host = f"{host.partition('.')[0]}…{'.'.join(host.split('.')[-2:])}"
        return host, GROUP.sub("/…/", shortened(self.path))

    @property
    def who(self) -> str:
        return self.name or self.caller

    @property
    def routine(self) -> bool:
        """What the controllers of a cluster ask all day, as long as nothing is wrong with it."""
        signed_in = self.method == "POST" and self.host == SIGN_IN
        service = signed_in or (self.method == "GET" and self.host.endswith(VAULT))
        return bool(self.network and service and 0 < self.status < ERROR and not self.fault)

    def show(self) -> dict[str, object]:
        return asdict(self)


KNOWN = frozenset(field.name for field in fields(Entry))


def read(line: bytes | str) -> Entry | None:
    """A line of the log; half a line, or one of another format, is none."""
    try:
        found = json.loads(line)
        return Entry(**{key: found[key] for key in KNOWN & found.keys()})
    except (ValueError, TypeError, AttributeError):
        return None


@dataclass(frozen=True)
class Filter:
    """What to show; an empty field asks for nothing."""

    method: str = ""
    host: str = ""
    path: str = ""
    status: str = ""
    principal: str = ""
    fault: str = ""
    slow: float = 0.0
    since: float = 0.0
    """A moment, in seconds of the epoch."""
    network: str | None = None
    """Empty asks for the internet."""

    def __call__(self, entry: Entry) -> bool:
        status, wanted = str(entry.status), self.status.lower()
        return (
            entry.when >= self.since
            and entry.milliseconds >= self.slow
            and (not self.method or entry.method == self.method.upper())
            and (
                not wanted
                or (wanted.endswith("xx") and status[:1] == wanted[:1])
                or status == wanted
            )
            and like(self.host, entry.host)
            and like(self.path, entry.path)
            and like(self.fault, entry.fault)
            and (like(self.network, entry.network) if self.network else self._at_home(entry))
            and (like(self.principal, entry.name) or like(self.principal, entry.caller))
        )

    def _at_home(self, entry: Entry) -> bool:
        return self.network is None or not entry.network


def shortened(path: str) -> str:
    """A path without its GUIDs."""
    return IDENTIFIER.sub("…", path)


def like(pattern: str, text: str) -> bool:
    """A glob in any letter case; a word without a star is looked for anywhere."""
    pattern = pattern.lower()
    if pattern and not any(sign in pattern for sign in "*?["):
        pattern = f"*{pattern}*"
    return not pattern or fnmatchcase(text.lower(), pattern)


def last(
    file: Path, wanted: Callable[[Entry], bool], count: int, since: float = 0.0
) -> list[Entry]:
    """The last entries that are wanted, oldest first; both files are read from their ends."""
    found: list[Entry] = []
    for line in chain(backwards(file), backwards(older(file))):
        entry = read(line)
        if entry and entry.when < since:
            break
        if entry and wanted(entry):
            found.append(entry)
            if len(found) == count:
                break
    return found[::-1]


class Tail:
    """The last entries that are wanted, of a log that grows: each look reads only what is new."""

    def __init__(self, file: Path, wanted: Filter, count: int) -> None:
        self.file = file
        self.wanted = wanted
        self._found: deque[Entry] = deque(maxlen=count)
        self._at, self._which, self._rest = 0, 0, b""

    def look(self) -> list[Entry]:
        """Oldest first; the first look goes back by some megabytes at most."""
        try:
            source = self.file.open("rb")
        except FileNotFoundError:  # For a moment, when the next file is begun.
            return list(self._found)
        with source:
            status = os.fstat(source.fileno())
            size, which = status.st_size, status.st_ino
            if which != self._which or size < self._at:
                self._rest += self._missed(FURTHEST - size)
                self._at, self._which = max(0, size - FURTHEST), which
            source.seek(self._at)
            text = self._rest + source.read(size - self._at)
            self._at = source.tell()
        *lines, self._rest = text.split(b"\n")
        self._found += self._newest(lines)
        return list(self._found)

    def _missed(self, furthest: int) -> bytes:
        """What the file before holds and nobody has seen, for a first look not all of it."""
        if self._which:
            return rest_of(older(self.file), self._which, self._at)
        size, which = end(older(self.file))
        return rest_of(older(self.file), which, size - max(0, min(size, furthest)))

    def _newest(self, lines: list[bytes]) -> list[Entry]:
        """From the end, so that of many lines no more are parsed than will be shown."""
        found: list[Entry] = []
        for line in reversed(lines):
            entry = read(line)
            if entry and self.wanted(entry):
                found.append(entry)
                if len(found) == self._found.maxlen:
                    break
        return found[::-1]


def backwards(file: Path) -> Iterator[bytes]:
    """The lines of a file, the last one first."""
    try:
        source = file.open("rb")
    except FileNotFoundError:
        return
    with source:
        at, rest = source.seek(0, 2), b""
        while at > 0:
            size = min(BLOCK, at)
            at -= size
            source.seek(at)
            first, *lines = (source.read(size) + rest).split(b"\n")
            rest = first
            yield from (line for line in reversed(lines) if line)
        if rest:
            yield rest


def following(file: Path, pause: float = 0.2) -> Iterator[Entry]:
    """Entries that are written from now on, for ever; a log that begins anew is read anew."""
    at, which = end(file)
    rest = b""
    while True:
        size, now = end(file)
        if now != which or size < at:
            missed = rest + rest_of(older(file), which, at)
            yield from (entry for entry in map(read, missed.split(b"\n")) if entry)
            at, which, rest = 0, now, b""
        if size > at:
            with file.open("rb") as source:
                source.seek(at)
                text = rest + source.read()
                at = source.tell()
            *lines, rest = text.split(b"\n")
            yield from (entry for entry in map(read, lines) if entry)
        time.sleep(pause)


def rest_of(file: Path, which: int, at: int) -> bytes:
    """What follows in a file, if it is that one."""
    try:
        with file.open("rb") as source:
            if os.fstat(source.fileno()).st_ino != which:
                return b""
            source.seek(at)
            return source.read()
    except FileNotFoundError:
        return b""


def end(file: Path) -> tuple[int, int]:
    """The size of a file, and a number that another file of its name would not have."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_size, found.st_ino
