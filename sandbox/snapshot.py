"""
What a sandbox keeps on disk, so that the next one goes on where it was stopped or killed.

Everything that remembers is a `Part`: a name, `dump` and `load`. Many times a second all parts
are asked in one go, between two requests, so what is kept is one moment of the whole cloud; a
thread then writes those members that differ from the last time. SQLite holds them because it
writes the difference in one step that happens wholly or not at all, whenever the process dies.

To let something survive, give it a pair of methods and add it to the parts of `Cloud`:

    Part("weather", plan.dump, plan.load)

`dump` returns a dictionary of JSON values (or bytes): each member is kept by itself, so what
changes apart belongs into a member of its own. `load` gets the same dictionary, before the first
request and in the order of the parts. Secrets are inside: the file is its owner's alone.
"""

import asyncio
import contextlib
import json
import logging
import marshal
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOG = logging.getLogger(__name__)
FILE = "snapshot.db"
FILES = (FILE, f"{FILE}-wal", f"{FILE}-shm")
MARK = 0x53424F58  # SBOX, in the head of the file.
FORMAT = 1
PAUSE = 0.05  # Seconds between two looks: what a process that is killed forgets.
SHARE = 20  # A pause is so many times as long as the look before it, when there is much to see.
PLAIN = 2  # Version of marshal in which equal values have equal bytes.
CREATE = f"""
BEGIN;
PRAGMA application_id = {MARK};
PRAGMA user_version = {FORMAT};
CREATE TABLE kept (part TEXT, member TEXT, value, UNIQUE (part, member));
COMMIT;
"""
WRITE = (
    "INSERT INTO kept VALUES (?, ?, ?)"
    " ON CONFLICT (part, member) DO UPDATE SET value = excluded.value"  # It keeps its place.
)

Members = dict[str, Any]


class SnapshotError(Exception):
    """The file in the state directory cannot be gone on from."""


@dataclass(frozen=True)
class Part:
    """Something that survives a restart."""

    name: str
    dump: Callable[[], Members]
    load: Callable[[Members], None]
    version: Callable[[], object] = object
    """The same answer twice means that nothing has changed; by default one never knows."""
    recent: Callable[[], Members | None] = lambda: None
    """Members that may have changed since `dump` or this; None for a gone one, or for all."""
    frozen: bool = False
    """Values are replaced and never changed, so the same object needs no second look."""


@dataclass(frozen=True)
class Difference:
    """What has to be written: members with their values, and those that are gone."""

    part: str
    changed: Members
    gone: list[str]


class Memory:
    """How one part looked when it was last written."""

    def __init__(self) -> None:
        self.version: object = None
        self.prints: Members = {}
        self.whole = False  # Has all of it been looked at.

    def compare(self, part: Part) -> Difference | None:
        """What differs from last time; from now on this is what it looked like."""
        version = part.version()
        if version == self.version:
            return None
        recent = part.recent() if self.whole else None
        members = part.dump() if recent is None else recent
        known = self.prints.keys() - members.keys() if recent is None else members.keys()
        gone = [name for name in known if name in self.prints and members.get(name) is None]
        changed: Members = {}
        prints: Members = {}
        for name, value in members.items():
            if value is None:
                continue
            if part.frozen or isinstance(value, bytes):
                prints[name] = value
                if self.prints.get(name) is not value:
                    changed[name] = value
            else:
                packed = marshal.dumps(value, PLAIN)
                prints[name] = hash(packed)
                if self.prints.get(name) != prints[name]:
                    changed[name] = Packed(packed)
        for name in gone:
            del self.prints[name]
        self.prints |= prints
        self.version, self.whole = version, True
        return Difference(part.name, changed, gone) if changed or gone else None

    def forget(self, difference: Difference) -> None:
        """It could not be written: let it differ again."""
        self.version, self.whole = None, False
        self.prints |= dict.fromkeys([*difference.changed, *difference.gone])


@dataclass(frozen=True)
class Packed:
    """A value as it was at one moment, whatever becomes of it afterwards."""

    content: bytes

    def text(self) -> str:
        return encode(marshal.loads(self.content))  # noqa: S302  # Our own bytes of just now.


class Snapshot:
    """Keeps the parts of one cloud in one file, and brings them back."""

    def __init__(self, folder: Path, parts: Callable[[], Iterable[Part]]) -> None:
        """`parts` may name more of them once some are loaded, such as the clusters of a fleet."""
        self.file = folder / FILE
        self.parts = parts
        self.looked = 0.0  # Seconds that the last look took, while no request was answered.
        self._memories: dict[str, Memory] = {}
        self._stopping = asyncio.Event()
        self._saving = asyncio.Lock()  # What was seen first is written first.
        self._writing = threading.Lock()
        self._complaints: set[str] = set()
        self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        os.close(os.open(self.file, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(self.file, check_same_thread=False, isolation_level=None)
        try:
            if not self.file.stat().st_size:
                connection.executescript(CREATE)
            self._check(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
        except sqlite3.Error as error:
            connection.close()
            raise SnapshotError(f"{self.file} is damaged: {error}.") from error
        except SnapshotError:
            connection.close()
            raise
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        if connection.execute("PRAGMA application_id").fetchone()[0] != MARK:
            raise SnapshotError(f"{self.file} was not written by a sandbox.")
        found = connection.execute("PRAGMA user_version").fetchone()[0]
        if found != FORMAT:
            raise SnapshotError(
                f"{self.file} is of format {found}, and this sandbox reads format {FORMAT}."
            )
        said = connection.execute("PRAGMA quick_check").fetchone()[0]
        if said != "ok":
            raise SnapshotError(f"{self.file} is damaged: {said}.")

    def load(self) -> bool:
        """Bring every part back; False when there was nothing to go on from."""
        kept: dict[str, Members] = {}
        try:
            rows = self._connection.execute("SELECT part, member, value FROM kept ORDER BY rowid")
            for part, member, value in rows:
                read = value if isinstance(value, bytes) else json.loads(value)
                kept.setdefault(part, {})[member] = read
        except (sqlite3.Error, ValueError) as error:
            raise SnapshotError(f"{self.file} is damaged: {error}.") from error
        for name, members in kept.items():
            self._memory(name).prints = dict.fromkeys(members)
        done: set[str] = set()
        while kept and (waiting := [part for part in self.parts() if part.name not in done]):
            for part in waiting:
                done.add(part.name)
                if part.name in kept:
                    self._restore(part, kept[part.name])
        return bool(kept)

    def _restore(self, part: Part, members: Members) -> None:
        try:
            part.load(members)
        except Exception as error:
            raise SnapshotError(
                f"{self.file} cannot be gone on from: its part {part.name!r} does not fit "
                f"({error!r})."
            ) from error

    async def live(self) -> None:
        """Save again and again, until `stop`."""
        while not self._stopping.is_set():
            await self.save()
            pause = max(PAUSE, SHARE * self.looked)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)

    async def save(self) -> None:
        """Write what has changed; what comes later waits for the next time."""
        async with self._saving:
            await self._save()

    async def _save(self) -> None:
        began = time.perf_counter()
        differences = self._differences()
        self.looked = time.perf_counter() - began
        if not differences:
            return
        try:
            await asyncio.to_thread(self._write, differences)
        except (sqlite3.Error, TypeError, ValueError) as error:
            for difference in differences:
                self._memory(difference.part).forget(difference)
            self._complain(self.file.name, error)
        else:
            self._complaints.discard(self.file.name)

    def _differences(self) -> list[Difference]:
        found = []
        parts = {part.name: part for part in self.parts()}
        for part in parts.values():
            memory = self._memory(part.name)
            try:
                found.append(memory.compare(part))
            except Exception as error:  # noqa: BLE001  # The other parts can still be kept.
                memory.whole = False  # What is recent was told, and will not be told again.
                self._complain(part.name, error)
        for name in [name for name in self._memories if name not in parts]:
            gone = list(self._memories.pop(name).prints)
            found.append(Difference(name, {}, gone) if gone else None)
        return [one for one in found if one]

    def _complain(self, what: str, error: Exception) -> None:
        """Once: the next look, a moment later, finds the same."""
        if what not in self._complaints:
            LOG.error("a restart would not know %s: it cannot be kept", what, exc_info=error)
        self._complaints.add(what)

    def _memory(self, name: str) -> Memory:
        return self._memories.setdefault(name, Memory())

    def _write(self, differences: list[Difference]) -> None:
        with self._writing:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for one in differences:
                    self._connection.executemany(
                        "DELETE FROM kept WHERE part = ? AND member = ?",
                        [(one.part, name) for name in one.gone],
                    )
                    for name, value in one.changed.items():  # Encoded one by one: others may run.
                        self._connection.execute(WRITE, (one.part, name, written(value)))
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def stop(self) -> None:
        """Let `live` come to its end."""
        self._stopping.set()

    async def close(self) -> None:
        """Write what is left; nothing is kept afterwards."""
        await self.save()
        with self._writing:
            self._connection.close()


def written(value: Any) -> str | bytes:
    if isinstance(value, Packed):
        return value.text()
    return value if isinstance(value, bytes) else encode(value)


def encode(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
