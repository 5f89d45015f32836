"""The log of requests: written line by line, and read from its end."""

import json
import os
import re
import time
from calendar import timegm
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TextIO

BLOCK = 65536
LONGEST = 20_000_000  # Bytes; some hundred thousand requests.
FURTHEST = 4_000_000  # Bytes of the past that somebody who follows the log is shown.
LONG = 40  # Letters of a host.
IDENTIFIER = re.compile(r"(?<=/)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=/|$)")
GROUP = re.compile(r"^/subscriptions/…/resourceGroups/", re.IGNORECASE)
FORMAT = "%Y-%m-%dT%H:%M:%SZ"


class Journal:
    """Writes the log; of one that has grown too long, or of another run, one generation stays."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._opened: TextIO | None = None
        self._size = 0

    def write(self, entry: dict[str, object]) -> None:
        line = json.dumps(entry) + "\n"
        if self._opened is None or self._size > LONGEST:
            self._opened = self._begin()
        self._opened.write(line)
        self._size += len(line)

    def _begin(self) -> TextIO:
        self.close()
        if self.file.exists():
            self.file.replace(self.file.with_suffix(f".1{self.file.suffix}"))
        self._size = 0
        return self.file.open("a", buffering=1)  # Each line is there for readers at once.

    def close(self) -> None:
        if self._opened:
            self._opened.close()
        self._opened = None


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
            and (like(self.principal, entry.name) or like(self.principal, entry.caller))
        )


def shortened(path: str) -> str:
    """A path without its GUIDs."""
    return IDENTIFIER.sub("…", path)


def like(pattern: str, text: str) -> bool:
    """A glob in any letter case; a word without a star is looked for anywhere."""
    pattern = pattern.lower()
    if pattern and not any(sign in pattern for sign in "*?["):
        pattern = f"*{pattern}*"
    return not pattern or fnmatchcase(text.lower(), pattern)


def last(file: Path, wanted: Filter, count: int) -> list[Entry]:
    """The last entries that are wanted, oldest first; the file is read from its end."""
    found: list[Entry] = []
    for line in backwards(file):
        entry = read(line)
        if entry and entry.when < wanted.since:
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
        except FileNotFoundError:
            self._found.clear()
            return []
        with source:
            status = os.fstat(source.fileno())
            size, which = status.st_size, status.st_ino
            if which != self._which or size < self._at:
                self._found.clear()
                self._at, self._which, self._rest = max(0, size - FURTHEST), which, b""
            source.seek(self._at)
            text = self._rest + source.read(size - self._at)
            self._at = source.tell()
        *lines, self._rest = text.split(b"\n")
        self._found += self._newest(lines)
        return list(self._found)

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
            at, which, rest = 0, now, b""
        if size > at:
            with file.open("rb") as source:
                source.seek(at)
                text = rest + source.read()
                at = source.tell()
            *lines, rest = text.split(b"\n")
            yield from (entry for entry in map(read, lines) if entry)
        time.sleep(pause)


def end(file: Path) -> tuple[int, int]:
    """The size of a file, and a number that another file of its name would not have."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return 0, 0
    return found.st_size, found.st_ino
