"""Custom resource definitions: the kinds that they add, and the status that says so."""

from typing import Any

from sandbox.cluster.api.clock import now
from sandbox.cluster.api.kinds import Kind, Kinds

Object = dict[str, Any]

RESOURCE = ("apiextensions.k8s.io", "customresourcedefinitions")
TEXT = {"type": "string", "minLength": 1}
SCHEMA: Object = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "required": ["group", "names", "scope", "versions"],
            "properties": {
                "group": TEXT,
                "scope": {"type": "string", "enum": ["Cluster", "Namespaced"]},
                "names": {
                    "type": "object",
                    "required": ["kind", "plural"],
                    "properties": {"kind": TEXT, "plural": TEXT},
                },
                "versions": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name", "served", "storage"],
                        "properties": {
                            "name": TEXT,
                            "served": {"type": "boolean"},
                            "storage": {"type": "boolean"},
                            "schema": {"type": "object"},
                            "subresources": {"type": "object"},
                            "additionalPrinterColumns": {
                                "type": "array",
                                "items": {"type": "object", "required": ["name", "jsonPath"]},
                            },
                        },
                    },
                },
            },
        }
    },
}  # The part of a definition that everything else relies on.

ACCEPTED = (
    ("NamesAccepted", "NoConflicts", "no conflicts found"),
    ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
)


def kinds_of(definition: Object) -> list[Kind]:
    """One kind for each served version."""
    spec, names = definition["spec"], definition["spec"]["names"]
    return [
        Kind(
            group=spec["group"],
            version=version["name"],
            plural=names["plural"],
            name=names["kind"],
            namespaced=spec["scope"] == "Namespaced",
            short_names=tuple(names.get("shortNames") or ()),
            subresources=tuple(version.get("subresources") or ()),
            singular=names.get("singular") or names["kind"].lower(),
            categories=tuple(names.get("categories") or ()),
            custom=True,
            columns=tuple(version.get("additionalPrinterColumns") or ()),
            schema=(version.get("schema") or {}).get("openAPIV3Schema") or {},
        )
        for version in spec["versions"]
        if version.get("served")
    ]


def register(kinds: Kinds, definition: Object) -> None:
    """Serve what a definition describes, and nothing that it no longer does."""
    spec = definition["spec"]
    kinds.remove(spec["group"], spec["names"]["plural"])
    for kind in kinds_of(definition):
        kinds.add(kind)


def status(definition: Object) -> Object:
    """What the API server says about a definition that it serves."""
    known = {each["type"]: each for each in (definition.get("status") or {}).get("conditions", ())}
    conditions = [
        known.get(kind)
        or {
            "type": kind,
            "status": "True",
            "reason": reason,
            "message": message,
            "lastTransitionTime": now(),
        }
        for kind, reason, message in ACCEPTED
    ]
    versions = definition["spec"]["versions"]
    return {
        "acceptedNames": definition["spec"]["names"],
        "conditions": conditions,
        "storedVersions": [each["name"] for each in versions if each.get("storage")],
    }
