"""What the API remembers: objects by resource, one version counter, and a log that watches read."""

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from sandbox.cluster.api.errors import expired

Object = dict[str, Any]
Resource = tuple[str, str]  # Group and plural.

REMEMBERED = 500  # Changes per resource that a watch may catch up with.
LEAP = 1000  # Versions that a restart skips: clients may have seen some that were not kept.


@dataclass(frozen=True, slots=True)
class Change:
    """One write, with the object before and after it; both are never modified again."""

    version: int
    type: Literal["ADDED", "MODIFIED", "DELETED"]
    new: Object
    old: Object | None


class Log:
    """The latest changes of one resource, and the watches that wait for the next."""

    def __init__(self, forgotten: int = 0) -> None:
        self.changes: deque[Change] = deque()
        self.forgotten = forgotten
        self.watches: set[asyncio.Queue[Change | None]] = set()

    def append(self, change: Change) -> None:
        self.changes.append(change)
        if len(self.changes) > REMEMBERED:
            self.forgotten = self.changes.popleft().version
        for watch in self.watches:
            watch.put_nowait(change)


class Storage:
    """Objects as they are served; whoever changes one puts a new dictionary."""

    def __init__(self) -> None:
        self.version = 100
        self._objects: dict[Resource, dict[tuple[str, str], Object]] = defaultdict(dict)
        self._logs: dict[Resource, Log] = defaultdict(Log)

    def get(self, resource: Resource, namespace: str, name: str) -> Object | None:
        return self._objects[resource].get((namespace, name))

    def collection(self, resource: Resource, namespace: str = "") -> list[Object]:
        """All objects of a resource, or those of one namespace, by namespace and name."""
        found = self._objects[resource]
        keys = sorted(key for key in found if not namespace or key[0] == namespace)
        return [found[key] for key in keys]

    def put(self, resource: Resource, new: Object) -> Object:
        """Store an object; a write without effect keeps its version and wakes nobody."""
        metadata = new["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        old = self._objects[resource].get(key)
        if old is not None and same(old, new):
            return old
        new = self._numbered(new)
        self._objects[resource][key] = new
        kind: Literal["ADDED", "MODIFIED"] = "ADDED" if old is None else "MODIFIED"
        self._logs[resource].append(Change(self.version, kind, new, old))
        return new

    def remove(self, resource: Resource, namespace: str, name: str) -> Object | None:
        """Drop an object; its last state carries the version of its end."""
        old = self._objects[resource].pop((namespace, name), None)
        if old is None:
            return None
        gone = self._numbered(old)
        self._logs[resource].append(Change(self.version, "DELETED", gone, old))
        return gone

    def _numbered(self, found: Object) -> Object:
        self.version += 1
        return {**found, "metadata": {**found["metadata"], "resourceVersion": str(self.version)}}

    def since(self, resource: Resource, version: int) -> list[Change]:
        """What happened after a version, or 410 when that is forgotten."""
        log = self._logs[resource]
        if version < log.forgotten:
            raise expired(version)
        return [change for change in log.changes if change.version > version]

    @contextlib.contextmanager
    def watch(self, resource: Resource) -> Iterator[asyncio.Queue[Change | None]]:
        """The changes from now on; None says that the API closes."""
        queue: asyncio.Queue[Change | None] = asyncio.Queue()
        watches = self._logs[resource].watches
        watches.add(queue)
        try:
            yield queue
        finally:
            watches.discard(queue)

    def dump(self) -> dict[str, Object]:
        """Every object, by group, plural, namespace and name."""
        return {
            " ".join((*resource, *key)): found
            for resource, objects in self._objects.items()
            for key, found in objects.items()
        }

    def load(self, objects: dict[str, Object], version: int) -> None:
        """Go on with these; as after a compaction, a watch of before has to list anew."""
        self.version = version + LEAP
        self._objects.clear()
        for member, found in objects.items():
            group, plural, namespace, name = member.split(" ", 3)  # Names of roles may have spaces.
            self._objects[group, plural][namespace, name] = found
        self._logs = defaultdict(lambda: Log(version + LEAP))

    def close(self) -> None:
        """End every watch."""
        for log in self._logs.values():
            for watch in log.watches:
                watch.put_nowait(None)


def same(old: Object, new: Object) -> bool:
    """Would this write change anything but the version and the times of field ownership?"""
    if {**old, "metadata": None} != {**new, "metadata": None}:
        return False
    return _essence(old["metadata"]) == _essence(new["metadata"])


def _essence(metadata: Object) -> Object:
    managers = [{**each, "time": None} for each in metadata.get("managedFields") or ()]
    return {**metadata, "resourceVersion": None, "managedFields": managers}
