"""
How the tables in `resources` say where an attribute of Terraform lives in a body of Azure.

An attribute that a table does not name follows the convention: `zone_count` is
`properties.zoneCount`, and inside a block `zoneCount`. A table names the others:

    "sku_tier": "sku.tier"                                somewhere else
    "run_command_enabled": at("a.disableRun", NEGATED)    in another spelling
    "fqdn": reads("properties.fullyQualifiedDomainName")  Azure decides
    "password": writes("properties.loginPassword")        Azure keeps it to itself
    "temporary_name": STATE_ONLY                          Azure never hears of it
    "high_availability": Block(off={"mode": "Disabled"})  a block, and how Azure says "none"

A path that starts with `$` leads into a part: a sub-resource read together with the resource.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from sandbox.terraform_provider.codecs import (
    ENABLED,
    IDENTITY_TYPE,
    KEYS,
    LOCATION,
    PLAIN,
    Codec,
)
from sandbox.terraform_provider.errors import ProviderError
from sandbox.terraform_provider.values import UNKNOWN, Object

GROUP = "/subscriptions/{subscription}/resourceGroups/{resource_group_name}"


@dataclass(frozen=True)
class Field:
    """One attribute: a path and a codec, or two functions where it takes more than one path."""

    path: str | None = None
    codec: Codec = PLAIN
    readable: bool = True
    writable: bool = True
    get: Callable[[Object], Any] | None = None
    put: Callable[[Object, Any], None] | None = None

    @property
    def stored(self) -> bool:
        """Whether Azure knows the attribute at all."""
        return self.path is not None or self.get is not None


@dataclass(frozen=True)
class Block:
    """
    A block, or an attribute that is written like one.

    `on` is what Azure's object says besides the fields while the block is there; `off` is what it
    says when the block is not. Without either, the block is there when one of its fields is.
    """

    at: str | None = None
    fields: "Entries" = field(default_factory=dict)
    inner: str = ""
    on: Mapping[str, Any] = field(default_factory=dict)
    off: Mapping[str, Any] = field(default_factory=dict)
    writable: bool = True

    def shown(self, body: Object) -> bool | None:
        """Whether Azure's object says that the block is there; None when it says nothing."""
        if self.on:
            return all(body.get(name) == value for name, value in self.on.items())
        if self.off:
            return not all(body.get(name) in (None, value) for name, value in self.off.items())
        return None


Entry = str | Field | Block
Entries = Mapping[str, Entry]


def at(path: str, codec: Codec = PLAIN) -> Field:
    return Field(path, codec)


def reads(path: str, codec: Codec = PLAIN) -> Field:
    return Field(path, codec, writable=False)


def writes(path: str, codec: Codec = PLAIN) -> Field:
    return Field(path, codec, readable=False)


def derived(
    get: Callable[[Object], Any], put: Callable[[Object, Any], None] | None = None
) -> Field:
    """An attribute that is computed from several places of the body."""
    return Field(get=get, put=put, writable=put is not None)


def switched(at: str | None = None, fields: Entries = MappingProxyType({})) -> Block:
    """A block whose object at Azure says whether it is `enabled`."""
    return Block(at, fields, on={"enabled": True}, off={"enabled": False})


STATE_ONLY = Field()

IDENTITY = Block(
    "identity",
    {
        "type": at("type", IDENTITY_TYPE),
        "identity_ids": at("userAssignedIdentities", KEYS),
        "principal_id": reads("principalId"),
        "tenant_id": reads("tenantId"),
    },
    off={"type": "None"},
)
EVERYWHERE: Entries = {
    "id": reads("id"),
    "name": reads("name"),
    "location": at("location", LOCATION),
    "tags": "tags",
    "zones": "zones",
    "identity": IDENTITY,
    "public_network_access_enabled": at("properties.publicNetworkAccess", ENABLED),
}


@dataclass(frozen=True)
class Part:
    """A sub-resource or an action's answer that state shows together with the resource."""

    path: str | Callable[[Object], str | None]
    method: str = "GET"
    api: str | None = None
    writable: bool = False
    when: Callable[[Object], bool] = lambda _body: True

    def locate(self, resource_id: str, body: Object) -> str | None:
        if not self.when(body):
            return None
        return resource_id + self.path if isinstance(self.path, str) else self.path(body)


@dataclass(frozen=True)
class Resource:
    """One type: where it lives, how its attributes are called there, and how it is changed."""

    id: str
    api: str
    fields: Entries = field(default_factory=dict)
    data: Entries = field(default_factory=dict)
    always: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, Part] = field(default_factory=dict)
    patched: bool = False
    one_at_a_time: bool = False
    body: Object = field(default_factory=lambda: {"properties": {}})

    def is_in_id(self, attribute: str) -> bool:
        return f"{{{attribute}}}" in self.id

    def render_id(self, value: Object, subscription: str) -> str:
        """The id of a resource that has these values; parts of it come from other ids."""
        missing = [
            name
            for name in re.findall(r"{(\w+)}", self.id)
            if name != "subscription" and value.get(name) in (None, UNKNOWN)
        ]
        if missing:
            raise ProviderError(f"`{missing[0]}` must be known to find the resource.")
        return self.id.format_map({**value, "subscription": subscription})

    def parse_id(self, resource_id: str) -> Object:
        """The attributes that an id tells; letter case of its fixed parts does not matter."""
        found = re.fullmatch(self.id_pattern(), resource_id, re.IGNORECASE)
        if found is None:
            raise ProviderError(
                f'parsing "{resource_id}": the ID does not have the form `{self.id}`.'
            )
        return {name: part for name, part in found.groupdict().items() if name != "subscription"}

    def canonical_id(self, resource_id: str) -> str:
        """The same id with the letter case that azurerm writes."""
        found = re.fullmatch(self.id_pattern(), resource_id, re.IGNORECASE)
        return self.id.format_map(found.groupdict()) if found else resource_id

    def id_pattern(self) -> str:
        """A placeholder is one segment; at the start, and as `scope`, it is a whole id."""
        texts = re.split(r"{\w+}", self.id)
        found = re.escape(texts[0])
        for name, text in zip(re.findall(r"{(\w+)}", self.id), texts[1:], strict=True):
            several = not found or name == "scope"
            found += f"(?P<{name}>{'/.+' if several else '[^/]+'}){re.escape(text)}"
        return found


def camel(name: str) -> str:
    """`max_pods` as Azure spells it: `maxPods`."""
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


def spoken(segment: str) -> str:
    """`virtualNetworks` as an error says it: `Virtual Network`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", segment).split()
    last = re.sub(r"sses$", "ss", re.sub(r"ies$", "y", words[-1]))
    words[-1] = last[:-1] if last.endswith("s") and not last.endswith("ss") else last
    return " ".join(word[:1].upper() + word[1:] for word in words)


def describe(resource_id: str) -> str:
    """An id in the words of azurerm's errors."""
    steps = resource_id.strip("/").split("/")
    pairs = [
        (spoken(kind), name)
        for kind, name in zip(steps[::2], steps[1::2], strict=False)
        if kind.lower() != "providers"
    ]
    told = [
        f'{kind}: "{name}"' if kind == "Subscription" else f'{kind} Name: "{name}"'
        for kind, name in pairs
    ]
    return f"{pairs[-1][0]} ({chr(10).join(told)})" if pairs else resource_id
