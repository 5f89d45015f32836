"""What an ExternalSecret asks for, read from the provider: all of it, or an error."""

import base64
import contextlib
import functools
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from sandbox.cluster.controllers.external_secrets.vault import (
    NoSecretError,
    ProviderError,
    Secret,
)
from sandbox.cluster.controllers.kinds import Manifest

# The entry's own storeRef (or nothing) and its remoteRef -> the secret behind it.
Read = Callable[[Manifest, Manifest], Awaitable[Secret]]

PART = re.compile(r"(?:[^.\\]|\\.)+")
BEYOND = re.compile(r"(?<!\\)[*?#@|!{\[]")  # Wildcards, queries and modifiers of gjson.
KEY = re.compile(r"[-._a-zA-Z0-9]+")


async def gather(spec: Manifest, read: Read) -> dict[str, str]:
    """The data of all entries; `read` resolves a remote reference."""
    found: dict[str, str] = {}
    for number, source in enumerate(spec.get("dataFrom") or []):
        async with _context(f"spec.dataFrom[{number}].extract", spec):
            found |= await _extracted(source, read)
    for number, item in enumerate(spec.get("data") or []):
        async with _context(f"spec.data[{number}] (key: {item['remoteRef']['key']})", spec):
            found[item["secretKey"]] = await _value(item, item["remoteRef"], read)
    return found


@contextlib.asynccontextmanager
async def _context(place: str, spec: Manifest) -> AsyncIterator[None]:
    """Say where an error happened; a secret that is gone may be left out if the policy allows."""
    try:
        yield
    except ProviderError as error:
        policy = (spec.get("target") or {}).get("deletionPolicy", "Retain")
        if not isinstance(error, NoSecretError) or policy == "Retain":
            raise ProviderError(f"error processing {place}, err: {error}") from error


async def _extracted(source: Manifest, read: Read) -> dict[str, str]:
    if "extract" not in source or source.get("rewrite"):
        raise ProviderError("the sandbox simulates dataFrom.extract without rewrite only")
    text = await _value(source, source["extract"], read)
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise ProviderError(f"error unmarshalling json data: {error}") from error
    if not isinstance(entries, dict):
        raise ProviderError("error unmarshalling json data: not an object")
    found = {name: as_text(value) for name, value in entries.items()}
    bad = next((name for name in found if not KEY.fullmatch(name)), None)
    if bad is not None:
        raise ProviderError(f"key {bad!r} can only have alphanumeric, '-', '_' or '.' characters")
    return found


async def _value(item: Manifest, reference: Manifest, read: Read) -> str:
    store = (item.get("sourceRef") or {}).get("storeRef") or {}
    secret = await read(store, reference)
    name = reference.get("property", "")
    if reference.get("metadataPolicy") == "Fetch":
        if not name:
            return json.dumps(secret.tags)
        if name not in secret.tags:
            raise ProviderError(f"tag {name} does not exist")
        return secret.tags[name]
    value = property_of(secret.value, name, reference["key"]) if name else secret.value
    return decoded(value, reference.get("decodingStrategy", "None"))


def property_of(text: str, path: str, key: str) -> str:
    """A field of a JSON value by its path in gjson; then by the same as a name with dots in it."""
    if BEYOND.search(path):
        raise ProviderError(f"the sandbox simulates names and numbers of gjson, not {path}")
    try:
        value: Any = json.loads(text)
    except ValueError:
        value = None
    for parts in (PART.findall(path), [path]):
        with contextlib.suppress(LookupError):
            return as_text(functools.reduce(member, parts, value))
    raise ProviderError(f"property {path} does not exist in key {key}")


def member(value: Any, part: str) -> Any:
    """One step of a path; a dot of the name itself is written with a backslash."""
    if isinstance(value, list) and part.isdigit():
        return value[int(part)]
    if isinstance(value, dict):
        return value[re.sub(r"\\(.)", r"\1", part)]
    raise LookupError(part)


def as_text(value: Any) -> str:
    """As gjson says it: nothing for null, and other values as JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def decoded(value: str, strategy: str) -> str:
    """Undo base64 where the reference asks for it; Auto leaves other texts as they are."""
    if strategy == "None":
        return value
    try:
        raw = base64.urlsafe_b64decode(value.replace("+", "-").replace("/", "_"))
        return raw.decode()
    except ValueError as error:
        if strategy == "Auto":
            return value
        raise ProviderError(f"unable to decode with strategy {strategy}: {error}") from error
