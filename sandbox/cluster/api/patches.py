"""JSON patch (RFC 6902) and merge patch (RFC 7386)."""

import copy
from typing import Any

from sandbox.cluster.api.errors import ApiError, bad_request


def merge(live: Any, patch: Any) -> Any:
    """Apply a merge patch: maps merge, null deletes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(live) if isinstance(live, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def json_patch(live: dict[str, Any], operations: Any) -> dict[str, Any]:
    """Apply a JSON patch to a copy; one that does not fit is refused as a whole."""
    if not isinstance(operations, list):
        raise bad_request("a JSON patch is a list of operations")
    document: Any = copy.deepcopy(live)
    for operation in operations:
        try:
            document = _operate(document, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            raise _misfit(f"{operation.get('op')} {operation.get('path')}: {error}") from error
    if not isinstance(document, dict):
        raise _misfit("it leaves no object")
    return document


def _misfit(why: str) -> ApiError:
    text = f"the server rejected our request due to an error in our request: {why}"
    return ApiError(422, "Invalid", text)


def _operate(document: Any, operation: dict[str, Any]) -> Any:
    path = _pointer(operation["path"])
    match operation["op"]:
        case "add":
            return _add(document, path, copy.deepcopy(operation["value"]))
        case "replace":
            if not path:
                return copy.deepcopy(operation["value"])
            parent, key = _parent(document, path)
            _ = parent[key]  # It must exist.
            parent[key] = copy.deepcopy(operation["value"])
        case "remove":
            parent, key = _parent(document, path)
            del parent[key]
        case "move":
            source, key = _parent(document, _pointer(operation["from"]))
            value = source[key]
            del source[key]
            return _add(document, path, value)
        case "copy":
            source, key = _parent(document, _pointer(operation["from"]))
            return _add(document, path, copy.deepcopy(source[key]))
        case "test":
            found = document
            if path:
                parent, key = _parent(document, path)
                found = parent[key]
            if found != operation["value"]:
                raise ValueError("the tested value differs")
        case other:
            raise ValueError(f"{other!r} is no operation")
    return document


def _pointer(text: str) -> list[str]:
    if not text:
        return []
    if not text.startswith("/"):
        raise ValueError("a path starts with /")
    return [part.replace("~1", "/").replace("~0", "~") for part in text[1:].split("/")]


def _parent(document: Any, path: list[str]) -> tuple[Any, Any]:
    """The container of the last step, and the key or index in it."""
    for step in path[:-1]:
        document = document[_index(document, step) if isinstance(document, list) else step]
    last = path[-1]
    return document, _index(document, last) if isinstance(document, list) else last


def _index(items: list[Any], step: str) -> int:
    index = int(step)
    if not 0 <= index < len(items):
        raise IndexError(f"index {index} is out of range")
    return index


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    *front, last = path
    target = document
    for step in front:
        target = target[_index(target, step) if isinstance(target, list) else step]
    if isinstance(target, list):
        index = len(target) if last == "-" else int(last)
        if not 0 <= index <= len(target):
            raise IndexError(f"index {index} is out of range")
        target.insert(index, value)
    else:
        target[last] = value
    return document
