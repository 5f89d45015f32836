"""Values of Terraform's language: plain Python, plus one value that is not known before apply."""

import json
from typing import Any, Final

import msgpack

from sandbox.terraform_provider import protocol

Object = dict[str, Any]


class Unknown:
    """A value that Azure will choose; there is one of it."""

    def __repr__(self) -> str:
        return "(known after apply)"

    def __copy__(self) -> "Unknown":
        return self

    def __deepcopy__(self, memo: object) -> "Unknown":
        return self


UNKNOWN: Final = Unknown()


def unpack(value: Any) -> Any:
    """Read a DynamicValue; an extension is an unknown value, with or without refinements."""
    if value.msgpack:
        return msgpack.unpackb(
            value.msgpack, ext_hook=lambda _code, _data: UNKNOWN, strict_map_key=False
        )
    return json.loads(value.json) if value.json else None


def pack(value: Any) -> Any:
    """Write a DynamicValue."""
    packed = msgpack.packb(value, default=lambda _unknown: msgpack.ExtType(0, b"\0"))
    return protocol.MESSAGES["DynamicValue"](msgpack=packed)


def is_zero(value: Any) -> bool:
    """The SDK under azurerm cannot tell null from an empty value, so neither do plans."""
    return value is not UNKNOWN and (value is None or value in ("", 0, False, [], {}))


def is_resource_id(value: Any) -> bool:
    return isinstance(value, str) and value.lower().startswith(("/subscriptions/", "/providers/"))


def canonical(value: Any, *, ordered: bool) -> Any:
    """What two values have in common when Azure takes them for the same."""
    if is_resource_id(value):
        return value.lower()
    if isinstance(value, dict):
        members = {name: canonical(member, ordered=ordered) for name, member in value.items()}
        return {name: member for name, member in members.items() if not is_zero(member)}
    if isinstance(value, list):
        elements = [canonical(element, ordered=ordered) for element in value]
        return elements if ordered else sorted(elements, key=sort_key)
    return value


def sort_key(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def same(one: Any, other: Any, *, ordered: bool = True) -> bool:
    """Whether two values mean the same, with ids in any letter case, and null as good as zero."""
    if UNKNOWN in (one, other):
        return one is other
    if is_zero(one) and is_zero(other):
        return True
    return bool(canonical(one, ordered=ordered) == canonical(other, ordered=ordered))


def known(value: Any) -> Any:
    """Nothing stays unknown after apply: null for a value, nothing for an element."""
    if value is UNKNOWN:
        return None
    if isinstance(value, dict):
        return {name: known(member) for name, member in value.items()}
    if isinstance(value, list):
        return [known(element) for element in value if element is not UNKNOWN]
    return value
