"""How a single value is spelled: in the configuration, in Azure's body, and in state."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


def unchanged(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Codec:
    """Translate a value to Azure (`encode`), back (`decode`), and to the form state keeps."""

    encode: Callable[[Any], Any] = unchanged
    decode: Callable[[Any], Any] = unchanged
    normalize: Callable[[Any], Any] = unchanged


def choice(on: Any, off: Any) -> Codec:
    """A bool that Azure calls by two names."""
    return Codec(lambda value: on if value else off, lambda value: value == on)


def renamed(names: Mapping[str, str]) -> Codec:
    """A value that Azure calls by another name."""
    back = {theirs: ours for ours, theirs in names.items()}
    return Codec(lambda value: names.get(value, value), lambda value: back.get(value, value))


def wrapped(key: str) -> Codec:
    """A list of strings that Azure keeps as a list of objects with one member."""
    return Codec(
        lambda values: [{key: value} for value in values],
        lambda values: [value.get(key) for value in values],
    )


def location(name: str) -> str:
    """`West Europe` and `westeurope` are one place."""
    return name.replace(" ", "").lower()


def from_base64(text: str) -> str:
    try:
        return base64.b64decode(text).decode()
    except ValueError:
        return ""


def to_json(value: Any) -> str:
    """As Terraform's `jsonencode` writes it."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def same_json(text: str) -> str:
    """A document in one spelling; what is none stays, for Azure to refuse."""
    try:
        return to_json(json.loads(text))
    except ValueError:
        return text


PLAIN = Codec()
JSON = Codec(json.loads, to_json, same_json)
LOCATION = Codec(location, location, location)
ENABLED = choice("Enabled", "Disabled")
REQUIRED = choice("Required", "NotRequired")
NEGATED = Codec(lambda value: not value, lambda value: not value)
BOOL_TEXT = Codec(lambda value: str(value).lower(), lambda value: str(value).lower() == "true")
NONE_IS_NULL = Codec(decode=lambda value: None if value in ("none", "None") else value)
GIGABYTES = Codec(lambda megabytes: megabytes // 1024, lambda gigabytes: gigabytes * 1024)
BASE64 = Codec(decode=from_base64)
KEYS = Codec(lambda names: {name: {} for name in names}, sorted)
IDENTITY_TYPE = Codec(lambda kind: kind.replace(" ", ""), lambda kind: kind.replace(",", ", "))
COMMA_SEPARATED = Codec(", ".join, lambda text: [part.strip() for part in text.split(",")])
HOST = Codec(decode=lambda url: url.split("/")[2] if "//" in url else url)
VALUES = wrapped("value")
IDS = wrapped("id")
SINGLE = Codec(lambda value: [value], lambda values: values[0] if values else None)
NAMES = Codec(decode=lambda values: [value.get("name") for value in values])
INTEGER_TEXT = Codec(str, int)
