"""From what a client sent to an object of its kind: types, unknown fields, defaults, validity."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.cluster.api import decoding, defaults, errors, immutability, structural, validation
from sandbox.cluster.api.apply import naming
from sandbox.cluster.api.errors import ApiError, Cause
from sandbox.cluster.api.kinds import Kind
from sandbox.cluster.api.messages import message_of

Object = dict[str, Any]


# Kind, the object, and what it was before; raises to refuse.
Guard = Callable[[Kind, Object, Object | None], None]


def unguarded(_kind: Kind, _new: Object, _old: Object | None) -> None:
    """The server itself may store everything."""


@dataclass(frozen=True)
class Options:
    """How a write is meant."""

    manager: str = "unknown"
    field_validation: str = "Warn"
    subresource: str = ""
    dry_run: bool = False
    force: bool = False
    warnings: list[str] = field(default_factory=list)
    guard: Guard = unguarded  # Asked about the object as it would be stored.


def understand(kind: Kind, body: Any, options: Options, *, applied: bool = False) -> Object:
    """A fresh object without nulls and unknown fields; refuses what Go could not decode."""
    if not isinstance(body, dict):
        raise errors.bad_request("the object provided is unrecognized: it must be a map")
    _same_kind(kind, body)
    if not isinstance(body.get("metadata") or {}, dict):
        raise errors.bad_request("metadata must be a map")
    try:
        value, unknown = _decoded(kind, body)
    except decoding.Mismatch as error:
        raise _mismatch(kind, body, error, applied=applied) from error
    if unknown:
        _complain(kind, body, unknown, options, applied=applied)
    value["apiVersion"], value["kind"] = kind.api_version, kind.name
    value.setdefault("metadata", {})
    return value


def _same_kind(kind: Kind, body: Object) -> None:
    found = (body.get("apiVersion") or kind.api_version, body.get("kind") or kind.name)
    for part in found:
        if not isinstance(part, str):
            raise errors.bad_request(f"apiVersion and kind are strings, not {json.dumps(part)}")
    group = found[0].rpartition("/")[0]
    if found[1] != kind.name or group != kind.group:
        raise errors.bad_request(
            f"the API version in the data ({found[0]}, {found[1]}) does not match the expected "
            f"API version ({kind.api_version}, {kind.name})"
        )


def _decoded(kind: Kind, body: Object) -> tuple[Object, list[str]]:
    message = None if kind.custom else message_of(kind.api_version, kind.name)
    if message:
        found = decoding.decode(message, body)
        return found.value, found.unknown
    metadata = decoding.metadata(body)
    unknown = metadata.unknown
    if kind.custom:
        value: Object = structural.prune(kind.schema, body, unknown)
        value = structural.default(kind.schema, value)
    else:
        value = json.loads(json.dumps(body))
    return {**value, "metadata": metadata.value}, unknown


def _mismatch(kind: Kind, body: Object, error: decoding.Mismatch, *, applied: bool) -> ApiError:
    if applied:
        shown = f"&value.valueUnstructured{{Value:{json.dumps(error.value)}}}"
        return _untyped(kind, body, f".{error.path}: expected {error.expected}, got {shown}")
    return errors.bad_request(_cannot_handle(kind, error.go))


def _untyped(kind: Kind, body: Object, why: str) -> ApiError:
    """What server-side apply says to an object that does not fit its type."""
    place = naming(kind, body)
    return ApiError(500, "", f"failed to create typed patch object ({place}): {why}")


def _cannot_handle(kind: Kind, why: str) -> str:
    return f'{kind.name} in version "{kind.version}" cannot be handled as a {kind.name}: {why}'


def _complain(
    kind: Kind, body: Object, unknown: list[str], options: Options, *, applied: bool
) -> None:
    """Refuse unknown fields, warn of them, or stay silent, as the client wishes."""
    if applied and not kind.custom:
        raise _untyped(kind, body, f".{unknown[0]}: field not declared in schema")
    texts = [f'unknown field "{path}"' for path in unknown]
    if options.field_validation == "Strict":
        why = f"strict decoding error: {', '.join(texts)}"
        raise errors.bad_request(_cannot_handle(kind, why))
    if options.field_validation == "Warn":
        options.warnings.extend(texts)


def complete(
    kind: Kind,
    body: Object,
    old: Object | None,
    more: Callable[[Kind, Object, Object | None], None],
) -> None:
    """Fill defaults in, `more` of them by the namespace's wish, and refuse what is not valid."""
    name = body["metadata"].get("name", "")
    causes = list(validation.lacking(kind, body))
    if causes:
        raise errors.invalid(kind, name, causes)
    defaults.fill(kind, body)
    more(kind, body, old)
    causes = list(validation.check(kind, body))
    if kind.custom:
        causes += structural.validate(kind.schema, body)
    if old is not None:
        causes += immutability.check(kind, old, body)
    if causes:
        raise errors.invalid(kind, name, causes)


def complete_status(kind: Kind, body: Object) -> None:
    """A status has a schema too."""
    causes: list[Cause] = list(structural.validate(kind.schema, body)) if kind.custom else []
    causes = [cause for cause in causes if cause.field.startswith("status")]
    if causes:
        raise errors.invalid(kind, body["metadata"]["name"], causes)
