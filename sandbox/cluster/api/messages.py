"""The message types of the built-in kinds, read from the table in `data/`."""

import functools
import gzip
import json
from dataclasses import dataclass
from pathlib import Path

TABLE = Path(__file__).parents[1] / "data" / "kubernetes-protobuf-fields.json.gz"

META = "k8s.io.apimachinery.pkg.apis.meta.v1."
OBJECT_META = META + "ObjectMeta"
TIMES = {META + "Time": False, META + "MicroTime": True}  # Whether microseconds are shown.
INT_OR_STRING = "k8s.io.apimachinery.pkg.util.intstr.IntOrString"
QUANTITY = "k8s.io.apimachinery.pkg.api.resource.Quantity"
OPAQUE = {META + "FieldsV1", "k8s.io.apimachinery.pkg.runtime.RawExtension"}  # Any JSON.
INTEGERS = {"int32", "int64", "uint32", "uint64"}
SCALARS = INTEGERS | {"string", "bool", "bytes", "double", "float"}

# Go structs without a JSON name of their own: their fields belong to the parent.
EMBEDDED = {
    "deviceConfiguration",
    "ephemeralContainerCommon",
    "handler",
    "ingressRuleValue",
    "localObjectReference",
    "persistentVolumeSource",
    "rule",
    "ruleWithOperations",
    "volumeSource",
}
RENAMED = {
    "uID": "uid",
    "aPIGroup": "apiGroup",
    "Name": "name",
    "Expression": "expression",
    "Webhooks": "webhooks",
}  # Field names that differ between protobuf and JSON.


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message; `map:` in front of a type makes it a map with string keys."""

    name: str
    type: str
    repeated: bool

    @property
    def embedded(self) -> bool:
        return self.name in EMBEDDED and self.type not in SCALARS

    @property
    def values(self) -> str | None:
        """The type of the values, when this is a map."""
        return self.type.removeprefix("map:") if self.type.startswith("map:") else None


@functools.cache
def _table() -> dict[str, dict[str, tuple[str, str, int]]]:
    found: dict[str, dict[str, tuple[str, str, int]]] = json.loads(
        gzip.decompress(TABLE.read_bytes())
    )
    return found


@functools.cache
def numbered(message: str) -> dict[int, Field]:
    """The fields of a message by their number on the wire."""
    return {
        int(number): Field(RENAMED.get(name, name), kind, bool(repeated))
        for number, (name, kind, repeated) in _table()[message].items()
    }


@functools.cache
def named(message: str) -> dict[str, Field]:
    """The fields of a message by their name in JSON, embedded ones lifted to this level."""
    fields: dict[str, Field] = {}
    for field in numbered(message).values():
        fields |= named(field.type) if field.embedded else {field.name: field}
    return fields


def message_of(api_version: str, kind: str) -> str | None:
    """The message type of a kind, or None when the table does not know it."""
    group, _, version = api_version.rpartition("/")
    package = group.split(".")[0] or "core"
    candidates = (f"k8s.io.api.{package}.{version}.{kind}", META + kind)
    return next((name for name in candidates if name in _table()), None)
