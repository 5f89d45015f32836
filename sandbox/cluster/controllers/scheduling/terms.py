"""Terms in which a pod says where it wants to be: selectors, affinities, tolerations."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandbox.cluster.controllers.kinds import Manifest
from sandbox.cluster.controllers.objects import labels

BLOCKING = ("NoSchedule", "NoExecute")


def tolerates(tolerations: Iterable[Mapping[str, Any]], taint: Mapping[str, Any]) -> bool:
    return any(_tolerated(each, taint) for each in tolerations)


def _tolerated(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    effect, key = toleration.get("effect"), toleration.get("key")
    if effect and effect != taint.get("effect"):
        return False
    if key and key != taint.get("key"):
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(key) and (toleration.get("value") or "") == (taint.get("value") or "")


def untolerated(spec: Manifest, node: Manifest) -> Mapping[str, Any] | None:
    """The first taint of a node that keeps a pod away."""
    tolerations = spec.get("tolerations") or ()
    taints = node.get("spec", {}).get("taints") or ()
    blocking = (taint for taint in taints if taint.get("effect") in BLOCKING)
    return next((taint for taint in blocking if not tolerates(tolerations, taint)), None)


def wants(spec: Manifest, node: Manifest) -> bool:
    """Do node selector and required node affinity allow this node?"""
    found = labels(node)
    selector = spec.get("nodeSelector") or {}
    if any(found.get(name) != value for name, value in selector.items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    if required is None:
        return True
    fields = {"metadata.name": node["metadata"]["name"]}
    return any(
        all(meets(each, found) for each in term.get("matchExpressions") or ())
        and all(meets(each, fields) for each in term.get("matchFields") or ())
        for term in required.get("nodeSelectorTerms") or ()
        if term
    )


def meets(expression: Mapping[str, Any], found: Mapping[str, str]) -> bool:
    """One requirement of a node selector term."""
    value, values = found.get(expression["key"]), expression.get("values") or []
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return _compares(expression["operator"], value, values)


def _compares(operator: str, value: str | None, values: Sequence[str]) -> bool:
    """`Gt` and `Lt`, for labels that are numbers."""
    if value is None or not values or not (value + values[0]).isdigit():
        return False
    return int(value) > int(values[0]) if operator == "Gt" else int(value) < int(values[0])
