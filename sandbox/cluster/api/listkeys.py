"""Which lists are maps in disguise: the fields by which their elements are told apart."""

from collections.abc import Mapping
from typing import Any

from sandbox.cluster.api.kinds import Kind

Keys = tuple[str, ...]

# List -> keys in server-side apply; strategic merge uses the first key only.
KEYED: dict[str, Keys] = {
    "conditions": ("type",),
    "containerStatuses": ("name",),
    "containers": ("name",),
    "env": ("name",),
    "ephemeralContainers": ("name",),
    "hostAliases": ("ip",),
    "imagePullSecrets": ("name",),
    "initContainerStatuses": ("name",),
    "initContainers": ("name",),
    "ownerReferences": ("uid",),
    "resourceClaims": ("name",),
    "secrets": ("name",),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "volumeDevices": ("devicePath",),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
    "webhooks": ("name",),
}
CONTAINERS = {"containers", "initContainers", "ephemeralContainers"}
SETS = {"finalizers"}  # Primitive lists that merge.
ELEMENT = "*"  # Stands in a path for any element of a list.


def of(kind: Kind, path: Keys, *, apply: bool) -> Keys | None:
    """The keys of the list at a path of field names, or None when it is replaced as a whole."""
    if path[:1] == ("metadata",):
        return KEYED.get(path[-1])
    if kind.custom:
        schema = _schema_at(kind.schema, path)
        keyed = apply and schema.get("x-kubernetes-list-type") == "map"
        return tuple(schema.get("x-kubernetes-list-map-keys") or ()) if keyed else None
    name = path[-1]
    if name == "ports":
        return _ports(kind, path, apply=apply)
    keys = KEYED.get(name)
    return keys if apply or not keys else keys[:1]


def _ports(kind: Kind, path: Keys, *, apply: bool) -> Keys | None:
    protocol = ("protocol",) if apply else ()
    if CONTAINERS.intersection(path):
        return ("containerPort", *protocol)
    return ("port", *protocol) if kind.plural == "services" else None


def is_set(kind: Kind, path: Keys) -> bool:
    """Is the list at this path a set of plain values?"""
    if path[:1] == ("metadata",):
        return path[-1] in SETS
    return kind.custom and _schema_at(kind.schema, path).get("x-kubernetes-list-type") == "set"


def is_atomic(kind: Kind, path: Keys) -> bool:
    """Is the map at this path owned as a whole?"""
    if kind.custom:
        return _schema_at(kind.schema, path).get("x-kubernetes-map-type") == "atomic"
    return path[-1] in ATOMIC


ATOMIC = {
    "configMapKeyRef",
    "fieldRef",
    "resourceFieldRef",
    "secretKeyRef",
    "selector",
    "nodeSelector",
    "podSelector",
    "namespaceSelector",
    "labelSelector",
    "roleRef",
    "scaleTargetRef",
    "objectSelector",
}  # Maps of built-in kinds that server-side apply treats as one value.


def _schema_at(schema: Mapping[str, Any], path: Keys) -> Mapping[str, Any]:
    for step in path:
        if step == ELEMENT:
            schema = schema.get("items") or {}
            continue
        more = schema.get("additionalProperties")
        found = (schema.get("properties") or {}).get(step)
        schema = found or (more if isinstance(more, dict) else {})
    return schema


def identity(element: Any, keys: Keys) -> tuple[Any, ...]:
    """What tells an element from its neighbours; a missing protocol counts as TCP."""
    if not isinstance(element, dict):
        return (element,)
    return tuple(element.get(key, "TCP" if key == "protocol" else None) for key in keys)
