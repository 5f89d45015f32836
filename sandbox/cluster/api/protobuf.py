"""Read protobuf request bodies, which Helm and kubectl's typed commands send."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from sandbox.cluster.api import messages
from sandbox.cluster.api.errors import bad_request, unsupported_media

MAGIC = b"k8s\x00"
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
WIDTHS = {FIXED64: 8, FIXED32: 4}

# Zero values that Go writes because the field is no pointer: in JSON they are absent.
OMITTED = {
    "generation": 0,
    "hostIPC": False,
    "hostNetwork": False,
    "hostPID": False,
    "minReadySeconds": 0,
    "observedGeneration": 0,
    "paused": False,
    "readOnly": False,
    "stdin": False,
    "stdinOnce": False,
    "tty": False,
    "unschedulable": False,
    "publishNotReadyAddresses": False,
    "initialDelaySeconds": 0,
    "timeoutSeconds": 0,
    "periodSeconds": 0,
    "successThreshold": 0,
    "failureThreshold": 0,
    "hostPort": 0,
    "nodePort": 0,
    "healthCheckNodePort": 0,
    "globalDefault": False,
}


def decode(body: bytes) -> dict[str, Any]:
    """Unwrap the envelope and read the object inside it as JSON would show it."""
    try:
        envelope = dict(_fields(body.removeprefix(MAGIC)))
        meta = {number: value.decode() for number, value in _fields(envelope.get(1, b""))}
        api_version, kind = meta.get(1, ""), meta.get(2, "")
        message = messages.message_of(api_version, kind)
        if message is None:
            raise unsupported_media(f"protobuf of {api_version} {kind} is not supported; send JSON")
        content = _message(message, envelope.get(2, b""))
    except (IndexError, UnicodeDecodeError, AttributeError, TypeError) as error:
        raise bad_request(f"the protobuf body cannot be read: {error}") from error
    return {"apiVersion": api_version, "kind": kind, **content}


def _varint(data: bytes, at: int) -> tuple[int, int]:
    result = shift = 0
    while True:
        byte = data[at]
        result |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if byte < 0x80:  # noqa: PLR2004 (the continuation bit)
            return result, at


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Number and raw value of each field: an integer, or the bytes of anything longer."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == BYTES:
            width, at = _varint(data, at)
        else:
            width = WIDTHS[wire]
        yield number, data[at : at + width]
        at += width


def _message(name: str, data: bytes) -> dict[str, Any]:
    fields = messages.numbered(name)
    found: dict[str, Any] = {}
    for number, raw in _fields(data):
        field = fields.get(number)
        if field is None:
            continue
        if values := field.values:
            entry = dict(_fields(raw))
            key = entry.get(1, b"").decode()
            found.setdefault(field.name, {})[key] = _value(values, entry.get(2, b""))
            continue
        value = _value(field.type, raw)
        if field.embedded:
            found |= value
        elif field.repeated:
            found.setdefault(field.name, []).append(value)
        elif not _is_unset(field.name, value):
            found[field.name] = value
    return found


def _is_unset(name: str, value: Any) -> bool:
    """Go writes every field that is no pointer, so emptiness says nothing; `value: ""` does."""
    if name == "value":
        return False
    if value in (None, "", {}):
        # Sources such as `emptyDir: {}` are pointers: their presence is their meaning.
        return not (value == {} and name not in VALUE_STRUCTS)
    return name in OMITTED and value == OMITTED[name]


# Messages that are values in Go, written even when empty.
VALUE_STRUCTS = {
    "metadata",
    "resources",
    "spec",
    "status",
    "strategy",
    "template",
    "updateStrategy",
    "loadBalancer",
    "userInfo",
    "state",
    "lastState",
    "nodeInfo",
    "daemonEndpoints",
    "jobTemplate",
    "kubeletEndpoint",
}


def _value(kind: str, raw: Any) -> Any:  # noqa: PLR0911 (one return per type)
    if kind == "string":
        return raw.decode()
    if kind == "bytes":
        return base64.b64encode(raw).decode()
    if kind == "bool":
        return bool(raw)
    if kind in messages.INTEGERS:
        return raw - (1 << 64) if raw >= 1 << 63 else raw
    if kind in messages.TIMES:
        return _time(raw, micro=messages.TIMES[kind])
    if kind in messages.OPAQUE:
        return json.loads(dict(_fields(raw)).get(1) or b"{}")
    if kind == messages.QUANTITY:
        return dict(_fields(raw)).get(1, b"").decode()
    if kind == messages.INT_OR_STRING:
        parts = dict(_fields(raw))
        return parts.get(3, b"").decode() if parts.get(1) else parts.get(2, 0)
    return _message(kind, raw)


def _time(raw: bytes, *, micro: bool) -> str | None:
    if not raw:
        return None
    parts = dict(_fields(raw))
    moment = datetime.fromtimestamp(parts.get(1, 0), UTC).replace(tzinfo=None)
    if micro:
        moment = moment.replace(microsecond=parts.get(2, 0) // 1000)
    return moment.isoformat(timespec="microseconds" if micro else "seconds") + "Z"
