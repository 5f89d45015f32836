"""Read a JSON object of a built-in kind the way Go does: known fields, right types, no nulls."""

import base64
import re
from dataclasses import dataclass, field
from typing import Any

from sandbox.cluster.api import messages

QUANTITY = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i)?$")
NO_QUANTITY = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
TYPE_META = ("apiVersion", "kind")


class Mismatch(Exception):  # noqa: N818 (a finding; the caller words the refusal)
    """A value of the wrong type."""

    def __init__(self, path: str, expected: str, value: Any, go: str) -> None:
        super().__init__(go)
        self.path = path
        self.expected = expected
        self.value = value
        self.go = go  # The complaint in the words of Go's JSON package.


@dataclass
class Decoded:
    """The object as the server understands it, and what it did not understand."""

    value: dict[str, Any]
    unknown: list[str] = field(default_factory=list)


def decode(message: str, body: dict[str, Any]) -> Decoded:
    """Check a whole object against its message type."""
    found = Decoded({})
    found.value = {key: body[key] for key in TYPE_META if key in body}
    content = {key: value for key, value in body.items() if key not in TYPE_META}
    found.value |= _message(message, content, "", found.unknown)
    return found


def metadata(body: dict[str, Any]) -> Decoded:
    """Check only the metadata, of an object whose type is known elsewhere."""
    found = Decoded({})
    content = body.get("metadata") or {}
    found.value = _message(messages.OBJECT_META, content, "metadata", found.unknown)
    return found


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _message(message: str, body: dict[str, Any], path: str, unknown: list[str]) -> dict[str, Any]:
    fields = messages.named(message)
    short = message.rpartition(".")[2]
    found: dict[str, Any] = {}
    for name, value in body.items():
        inner = _join(path, name)
        known = fields.get(name)
        if known is None:
            unknown.append(inner)
        elif value is not None:
            found[name] = _field(known, value, inner, short, unknown)
    return found


def _field(known: messages.Field, value: Any, path: str, owner: str, unknown: list[str]) -> Any:
    if known.repeated:
        if not isinstance(value, list):
            raise mismatch(path, owner, f"[]{_go(known.type)}", "list", value)
        return [
            _value(known.type, each, f"{path}[{index}]", owner, unknown)
            for index, each in enumerate(value)
        ]
    if values := known.values:
        if not isinstance(value, dict):
            raise mismatch(path, owner, f"map[string]{_go(values)}", "map", value)
        return {
            key: _value(values, each, _join(path, key), owner, unknown, path)
            for key, each in value.items()
            if each is not None or values == "string"
        }
    return _value(known.type, value, path, owner, unknown)


def _value(  # noqa: C901, PLR0911, PLR0912, PLR0913, PLR0917 (one branch per type)
    kind: str, value: Any, path: str, owner: str, unknown: list[str], holder: str = ""
) -> Any:
    match kind:
        case "string":
            if value is None:
                return ""
            if isinstance(value, str):
                return value
        case "bool":
            if isinstance(value, bool):
                return value
        case "bytes":
            return _bytes(path, value)
        case _ if kind in messages.INTEGERS:
            if isinstance(value, float) and value.is_integer():
                return int(value)
            if isinstance(value, int) and not isinstance(value, bool):
                return value
        case "double" | "float":
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                return value
        case messages.QUANTITY:
            return _quantity(path, value)
        case messages.INT_OR_STRING:
            if isinstance(value, (int, str)) and not isinstance(value, bool):
                return value
        case _ if kind in messages.TIMES:
            if isinstance(value, str) and TIME.match(value):
                return value
            why = f'parsing time {value!r} as "2006-01-02T15:04:05Z07:00": cannot parse it'
            raise Mismatch(path, "string", value, why)
        case _ if kind in messages.OPAQUE:
            return value
        case _:
            if isinstance(value, dict):
                return _message(kind, value, path, unknown)
    raise mismatch(path, owner, _go(kind), EXPECTED.get(kind, "map"), value, holder)


def _bytes(path: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise mismatch(path, "", "[]byte", "string", value)
    try:
        base64.b64decode(value.replace("\n", ""), validate=True)
    except ValueError as error:
        at = next(
            (i for i, c in enumerate(value) if not ((c.isascii() and c.isalnum()) or c in "+/=")),
            len(value),
        )
        why = f"illegal base64 data at input byte {at}"
        raise Mismatch(path, "string", value, why) from error
    return value


def _quantity(path: str, value: Any) -> str:
    text = str(value) if not isinstance(value, bool) else ""
    if not isinstance(value, (str, int, float)) or not QUANTITY.match(text):
        raise Mismatch(path, "string", value, NO_QUANTITY)
    return text


EXPECTED = {
    "string": "string",
    "bool": "boolean",
    messages.INT_OR_STRING: "string",
    **dict.fromkeys(messages.INTEGERS, "numeric (int or float)"),
}


def _go(kind: str) -> str:
    """A type as Go prints it: `v1.PodSpec` for a message."""
    if kind in messages.SCALARS:
        return "[]uint8" if kind == "bytes" else kind
    *_, version, name = kind.split(".")
    return f"{version}.{name}"


JSON_TYPES: dict[type, str] = {bool: "bool", str: "string", list: "array", dict: "object"}


def mismatch(  # noqa: PLR0913, PLR0917 (everything that the sentence names)
    path: str, owner: str, go_type: str, expected: str, value: Any, holder: str = ""
) -> Mismatch:
    """Go names fields only: an element of a list or map is told as its holder."""
    found = JSON_TYPES.get(type(value), "number")
    if found == "number" and isinstance(value, float):
        found = f"number {value}"
    where = re.sub(r"\[\d+\]", "", holder or path)
    text = f"json: cannot unmarshal {found} into Go struct field {owner}.{where} of type {go_type}"
    return Mismatch(path, expected, value, text)
