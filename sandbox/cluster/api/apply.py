"""Server-side apply: merge what a manager wants, prune what it gave up, refuse conflicts."""

import json
from dataclasses import replace
from typing import Any

from sandbox.cluster.api import listkeys, ownership
from sandbox.cluster.api.errors import ApiError
from sandbox.cluster.api.kinds import Kind
from sandbox.cluster.api.ownership import Manager, Path, Paths

KUBECTL = "kubectl"  # The manager that may take over from `kubectl apply` without --server-side.
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

# Maps with free keys: losing the last key that a manager wanted does not take the map away.
FREE_MAPS = {"f:labels", "f:annotations", "f:data", "f:stringData", "f:binaryData", "f:matchLabels"}


def apply(
    kind: Kind,
    live: dict[str, Any] | None,
    wanted: dict[str, Any],
    author: Manager,
    *,
    force: bool,
) -> tuple[dict[str, Any], list[Manager]]:
    """The object after an apply, and its managers."""
    wanted = {key: value for key, value in wanted.items() if key != "status"} | (
        {"status": wanted["status"]} if author.subresource and "status" in wanted else {}
    )
    current = live or {}
    _no_duplicates(kind, wanted)
    mine = ownership.leaves(kind, wanted)
    managers = ownership.read(current.get("metadata") or {})
    others = [each for each in managers if each.identity != author.identity]
    before = ownership.leaves(kind, current)
    absent = object()
    changed = {path for path, value in mine.items() if before.get(path, absent) != value}
    conflicts = [
        (each, path)
        for each in others
        for path in sorted(changed & each.paths)
        if not path[-1].startswith("k:")
    ]
    if author.name == KUBECTL and conflicts:
        agreed = _last_applied(kind, current)
        conflicts = [(each, path) for each, path in conflicts if path not in agreed]
    if conflicts and not force:
        raise conflict(conflicts)
    others = [replace(each, paths=each.paths - changed) for each in others]

    merged = _merge(kind, current, wanted, ())
    previous = next((each for each in managers if each.identity == author.identity), None)
    if previous:
        claimed: Paths = frozenset().union(*(each.paths for each in others))
        gone = _named(previous.paths) - _named(frozenset(mine)) - _named(claimed)
        for path in sorted(gone, key=len):  # A container first, so that its parts need no search.
            merged = _without(merged, path)
    survivors = ownership.leaves(kind, merged).keys()
    others = [replace(each, paths=each.paths & survivors) for each in others]
    unchanged = previous is not None and previous.paths == frozenset(mine) and not changed
    author = replace(
        author,
        paths=frozenset(mine),
        time=previous.time if previous and unchanged else author.time,
    )
    return merged, [*others, author]


def _last_applied(kind: Kind, live: dict[str, Any]) -> Paths:
    """The paths that client-side apply set and nobody changed since: kubectl may take them over."""
    annotations = (live.get("metadata") or {}).get("annotations") or {}
    try:
        before = ownership.leaves(kind, json.loads(annotations.get(LAST_APPLIED, "{}")))
    except (ValueError, AttributeError):
        return frozenset()
    now = ownership.leaves(kind, live)
    return frozenset(path for path, value in before.items() if now.get(path) == value)


def conflict(conflicts: list[tuple[Manager, Path]]) -> ApiError:
    """Name everybody whose fields would be taken."""
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f"conflict with {manager}",
            "field": dotted(path),
        }
        for manager, path in conflicts
    ]
    if len(conflicts) == 1:
        manager, path = conflicts[0]
        text = f"1 conflict: conflict with {manager}: {dotted(path)}"
    else:
        by_manager: dict[str, list[str]] = {}
        for manager, path in conflicts:
            by_manager.setdefault(str(manager), []).append(dotted(path))
        lines = [
            line
            for manager, paths in sorted(by_manager.items())
            for line in (f"conflicts with {manager}:", *(f"- {path}" for path in paths))
        ]
        text = f"{len(conflicts)} conflicts: " + "\n".join(lines)
    return ApiError(409, "Conflict", f"Apply failed with {text}", causes=causes)


def dotted(path: Path) -> str:
    """A path as people read it: `.spec.containers[name="web"].image`."""
    text = ""
    for step in path:
        form, _, rest = step.partition(":")
        if form == "f":
            text += f".{rest}"
        elif form == "k":
            keys = json.loads(rest).items()
            text += f"[{','.join(f'{key}={json.dumps(value)}' for key, value in keys)}]"
        else:
            text += f"[={rest}]"
    return text


def _merge(kind: Kind, live: Any, wanted: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    merged = dict(live) if isinstance(live, dict) else {}
    for key, value in wanted.items():
        inner = (*path, key)
        if isinstance(value, dict) and not listkeys.is_atomic(kind, inner):
            merged[key] = _merge(kind, merged.get(key), value, inner)
        elif isinstance(value, list):
            merged[key] = _merge_list(kind, merged.get(key), value, inner)
        else:
            merged[key] = value
    return merged


def _merge_list(kind: Kind, live: Any, wanted: list[Any], path: tuple[str, ...]) -> list[Any]:
    current = list(live or ())
    if listkeys.is_set(kind, path):
        return list(dict.fromkeys([*current, *wanted]))
    keys = listkeys.of(kind, path, apply=True)
    if not keys:
        return wanted
    rest = {listkeys.identity(each, keys): each for each in current}
    merged = []
    for each in wanted:
        old = rest.pop(listkeys.identity(each, keys), None)
        merged.append(_merge(kind, old, each, (*path, listkeys.ELEMENT)))
    return [*merged, *rest.values()]


def _named(paths: Paths) -> set[Path]:
    """The paths and what is around them: who owns `a.b.c` alone also answers for `a.b`."""
    named = {path[:length] for path in paths for length in range(1, len(path) + 1)}
    return {path for path in named if path[-1] not in FREE_MAPS and path != ("f:metadata",)}


def _without(body: Any, path: Path) -> Any:
    """An object without one path; one that is gone already is no matter."""
    step, *rest = path
    name = step.partition(":")[2]
    if step.startswith("f:"):
        if not isinstance(body, dict) or name not in body:
            return body
        inner = _without(body[name], tuple(rest)) if rest else None
        if rest and (inner or step not in FREE_MAPS):
            return {**body, name: inner}
        return {key: value for key, value in body.items() if key != name}
    at = _find(body, step) if isinstance(body, list) else None
    if at is None:
        return body
    kept = [_without(body[at], tuple(rest))] if rest else []
    return [*body[:at], *kept, *body[at + 1 :]]


def _find(items: list[Any], step: str) -> int | None:
    form, _, rest = step.partition(":")
    wanted = json.loads(rest)
    for index, each in enumerate(items):
        if form == "v" and each == wanted:
            return index
        if form == "k" and listkeys.identity(each, tuple(wanted)) == tuple(wanted.values()):
            return index
    return None


def _no_duplicates(kind: Kind, wanted: dict[str, Any]) -> None:
    """Refuse a keyed list that names an element twice."""
    seen: set[Path] = set()
    for path, _ in ownership.walk(kind, wanted):
        if path in seen and path[-1].startswith("k:"):
            where, key = dotted(path[:-1]), dotted(path[-1:])
            raise ApiError(
                500,
                "",
                f"failed to create typed patch object ({naming(kind, wanted)}): "
                f"{where}: duplicate entries for key {key}",
            )
        seen.add(path)


def naming(kind: Kind, body: dict[str, Any]) -> str:
    """An object as typed errors name it: `shop/web; apps/v1, Kind=Deployment`."""
    metadata = body.get("metadata") or {}
    place = f"{metadata.get('namespace', '')}/{metadata.get('name', '')}"
    return f"{place}; {kind.group}/{kind.version}, Kind={kind.name}"
