"""Resources, found by id, by what they lie in, by kind, and by what they point at."""

from collections.abc import Iterator
from typing import Any

from sandbox.records import Resource

Found = dict[str, Resource]  # By id in lower case, in the order of creation.
NONE: Found = {}


class Shelf:
    """Every question is answered in the time that its answer is long."""

    def __init__(self) -> None:
        self._by_place: dict[str, Found] = {"": {}}  # An id, or any part of one from its start.
        self._by_kind: dict[str, Found] = {}
        self._by_target: dict[str, Found] = {}
        self._targets: dict[str, set[str]] = {}

    def get(self, key: str) -> Resource | None:
        return self._by_place[""].get(key)

    def add(self, resource: Resource) -> None:
        key = resource.id.key
        for place in places(key):
            self._by_place.setdefault(place, {})[key] = resource
        self._by_kind.setdefault(resource.kind.lower(), {})[key] = resource
        self.read(resource)

    def remove(self, resource: Resource) -> None:
        key = resource.id.key
        for place in places(key):
            drop(self._by_place, place, key)
        self._by_place.setdefault("", {})
        drop(self._by_kind, resource.kind.lower(), key)
        for target in self._targets.pop(key, ()):
            drop(self._by_target, target, key)

    def read(self, resource: Resource) -> None:
        """Note what a resource points at, from its body as it is now."""
        key = resource.id.key
        before, now = self._targets.get(key, set()), set(targets(resource.body))
        for target in before - now:
            drop(self._by_target, target, key)
        for target in now - before:
            self._by_target.setdefault(target, {})[key] = resource
        self._targets[key] = now

    def below(self, place: str, kind: str = "") -> list[Resource]:
        """What lies in a place, by creation; of one kind if asked."""
        inside = self._by_place.get(place, NONE)
        if not kind:
            return list(inside.values())
        alike = self._by_kind.get(kind, NONE)
        if len(alike) < len(inside):
            return [found for key, found in alike.items() if key in inside]
        return [found for key, found in inside.items() if key in alike]

    def pointing_at(self, key: str) -> list[Resource]:
        return list(self._by_target.get(key, NONE).values())


def places(key: str) -> Iterator[str]:
    """Everything that an id lies in: all parts of it that end before a slash."""
    at = key.find("/")
    while at >= 0:
        yield key[:at]
        at = key.find("/", at + 1)


def targets(value: Any) -> Iterator[str]:
    """The ids in a JSON document, in lower case."""
    if isinstance(value, str):
        if value.startswith("/"):
            yield value.lower()
    elif isinstance(value, dict):
        for one in value.values():
            yield from targets(one)
    elif isinstance(value, list):
        for one in value:
            yield from targets(one)


def drop(index: dict[str, Found], name: str, key: str) -> None:
    found = index.get(name)
    if found is not None:
        found.pop(key, None)
        if not found:
            del index[name]
