"""Strategic merge patch: merge patch that knows lists by their keys, and obeys directives."""

from typing import Any

from sandbox.cluster.api import listkeys
from sandbox.cluster.api.errors import bad_request
from sandbox.cluster.api.kinds import Kind

PATCH = "$patch"
RETAIN = "$retainKeys"
ORDER = "$setElementOrder/"
DELETE_PRIMITIVES = "$deleteFromPrimitiveList/"


def merge(
    kind: Kind, live: Any, patch: dict[str, Any], path: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Merge a patch into a map; the live one stays as it is."""
    directive = patch.get(PATCH)
    if directive == "replace":
        return {
            key: _plain(value)
            for key, value in patch.items()
            if value is not None and not key.startswith("$")
        }
    if directive == "delete":
        return {}
    merged = dict(live) if isinstance(live, dict) else {}
    if RETAIN in patch:
        merged = {key: value for key, value in merged.items() if key in patch[RETAIN]}
    for key, value in patch.items():
        if key.startswith(DELETE_PRIMITIVES):
            name = key.removeprefix(DELETE_PRIMITIVES)
            merged[name] = [each for each in merged.get(name) or () if each not in value]
        elif key.startswith(ORDER):
            name = key.removeprefix(ORDER)
            if name in merged and name not in patch:
                keys = listkeys.of(kind, (*path, name), apply=False) or ()
                merged[name] = _ordered(merged[name], value, keys)
        elif value is None:
            merged.pop(key, None)
        elif key not in (PATCH, RETAIN):
            merged[key] = _value(kind, merged.get(key), patch, key, path)
    return merged


def _value(kind: Kind, live: Any, patch: dict[str, Any], key: str, path: tuple[str, ...]) -> Any:
    """One field of a map after the patch."""
    value = patch[key]
    if isinstance(value, dict):
        return merge(kind, live, value, (*path, key))
    if isinstance(value, list):
        return _list(kind, live, value, (*path, key), patch.get(ORDER + key))
    return value


def _list(
    kind: Kind, live: Any, patch: list[Any], path: tuple[str, ...], order: list[Any] | None
) -> list[Any]:
    current = list(live or ())
    if listkeys.is_set(kind, path):
        return _ordered(list(dict.fromkeys([*current, *patch])), order, ())
    keys = listkeys.of(kind, path, apply=False)
    if not keys or not all(isinstance(each, dict) for each in patch):
        return [_plain(each) for each in patch]
    if any(each.get(PATCH) == "replace" for each in patch):
        return [_plain(each) for each in patch if PATCH not in each]
    for each in patch:
        identity = listkeys.identity(each, keys)
        if None in identity:
            raise bad_request(f"map: {each} does not contain declared merge key: {keys[0]}")
        at = _position(current, identity, keys)
        if each.get(PATCH) == "delete":
            current = [one for one in current if listkeys.identity(one, keys) != identity]
        elif at is None:
            current.append(merge(kind, {}, each, (*path, listkeys.ELEMENT)))
        else:
            current[at] = merge(kind, current[at], each, (*path, listkeys.ELEMENT))
    return _ordered(current, order, keys)


def _position(items: list[Any], identity: tuple[Any, ...], keys: tuple[str, ...]) -> int | None:
    found = (i for i, each in enumerate(items) if listkeys.identity(each, keys) == identity)
    return next(found, None)


def _ordered(items: list[Any], order: list[Any] | None, keys: tuple[str, ...]) -> list[Any]:
    """Named elements in the order that the patch asks for, the others after them."""
    if not order:
        return items
    wanted = [listkeys.identity(each, keys) for each in order]

    def rank(item: Any) -> int:
        identity = listkeys.identity(item, keys)
        return wanted.index(identity) if identity in wanted else len(wanted)

    return sorted(items, key=rank)


def _plain(value: Any) -> Any:
    """A new value without the directives and nulls that only make sense in a patch."""
    if isinstance(value, dict):
        return {
            key: _plain(each)
            for key, each in value.items()
            if each is not None and not key.startswith("$")
        }
    return [_plain(each) for each in value] if isinstance(value, list) else value
