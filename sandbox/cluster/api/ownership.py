"""Who owns which field: sets of paths, and `managedFields`, their form in an object."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sandbox.cluster.api import listkeys
from sandbox.cluster.api.kinds import Kind

Path = tuple[str, ...]  # Of steps as in fieldsV1: `f:name`, `k:{"name":"web"}`, `v:"value"`.
Paths = frozenset[Path]

OWNED_METADATA = ("labels", "annotations", "finalizers", "ownerReferences")
APPLY, UPDATE = "Apply", "Update"


@dataclass(frozen=True)
class Manager:
    """One entry of managedFields."""

    name: str
    operation: str
    api_version: str
    subresource: str
    paths: Paths
    time: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        return self.name, self.operation, self.api_version, self.subresource

    def __str__(self) -> str:
        text = f'"{self.name}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        if self.operation == UPDATE:
            text += f" using {self.api_version}" + (f" at {self.time}" if self.time else "")
        return text


def owned(body: dict[str, Any]) -> dict[str, Any]:
    """The part of an object that can have owners."""
    part = {key: value for key, value in body.items() if key not in ("apiVersion", "kind")}
    metadata = part.pop("metadata", None) or {}
    kept = {key: metadata[key] for key in OWNED_METADATA if key in metadata}
    return {"metadata": kept, **part} if kept else part


def leaves(kind: Kind, body: dict[str, Any]) -> dict[Path, Any]:
    """Every ownable path of an object with the value there; elements of keyed lists included."""
    return dict(walk(kind, body))


def walk(kind: Kind, body: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    """The same one by one, an element that is listed twice also twice."""
    yield from _leaves(kind, owned(body), (), ())


def _leaves(
    kind: Kind, body: dict[str, Any], at: Path, names: tuple[str, ...]
) -> Iterator[tuple[Path, Any]]:
    for name, value in body.items():
        path, inner = (*at, f"f:{name}"), (*names, name)
        if isinstance(value, dict) and value and not listkeys.is_atomic(kind, inner):
            yield from _leaves(kind, value, path, inner)
        elif isinstance(value, list) and listkeys.is_set(kind, inner):
            for each in value:
                yield (*path, f"v:{json.dumps(each)}"), each
        elif isinstance(value, list) and (keys := listkeys.of(kind, inner, apply=True)):
            for each in value:
                element = (*path, key_step(each, keys))
                yield element, None
                yield from _leaves(kind, each, element, (*inner, listkeys.ELEMENT))
        else:
            yield path, value


def key_step(element: dict[str, Any], keys: tuple[str, ...]) -> str:
    """The step to an element of a keyed list."""
    identity = dict(zip(keys, listkeys.identity(element, keys), strict=True))
    return "k:" + json.dumps(identity, separators=(",", ":"), sort_keys=True)


def encode(paths: Iterable[Path]) -> dict[str, Any]:
    """A set of paths as fieldsV1; `.` marks an element that is itself a member."""
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        node = tree
        for step in path:
            node = node.setdefault(step, {})
        if path[-1].startswith("k:"):
            node["."] = {}
    return tree


def decode(tree: dict[str, Any], at: Path = ()) -> Iterator[Path]:
    """The paths in fieldsV1."""
    for step, inner in tree.items():
        if step == ".":
            yield at
        elif inner:
            yield from decode(inner, (*at, step))
        else:
            yield (*at, step)


def read(metadata: dict[str, Any]) -> list[Manager]:
    """The managers that an object names."""
    return [
        Manager(
            entry.get("manager", ""),
            entry.get("operation", UPDATE),
            entry.get("apiVersion", ""),
            entry.get("subresource", ""),
            frozenset(decode(entry.get("fieldsV1") or {})),
            entry.get("time", ""),
        )
        for entry in metadata.get("managedFields") or ()
        if entry
    ]


def write(managers: Iterable[Manager]) -> list[dict[str, Any]]:
    """Managers as an object names them; one that owns nothing is left out."""
    return [
        {
            "manager": each.name,
            "operation": each.operation,
            "apiVersion": each.api_version,
            "time": each.time,
            "fieldsType": "FieldsV1",
            "fieldsV1": encode(each.paths),
            **({"subresource": each.subresource} if each.subresource else {}),
        }
        for each in managers
        if each.paths
    ]


def after_update(
    kind: Kind, managers: list[Manager], author: Manager, old: dict[str, Any], new: dict[str, Any]
) -> list[Manager]:
    """Managers after a plain write: its author takes what changed; what vanished has no owner."""
    before, after = leaves(kind, old), leaves(kind, new)
    absent = object()
    changed = {path for path, value in after.items() if before.get(path, absent) != value}
    kept, mine = [], author
    for each in managers:
        paths = frozenset(path for path in each.paths if path in after)
        if each.identity == author.identity:
            mine = replace(author, paths=paths, time=each.time if not changed else author.time)
        else:
            kept.append(replace(each, paths=paths - changed))
    return [*kept, replace(mine, paths=mine.paths | changed)]
