"""Custom resource definitions: the kinds that they add, and the status that says so."""

from typing import Any

from sandbox.cluster.api.clock import now
from sandbox.cluster.api.kinds import Kind, Kinds

Object = dict[str, Any]

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
