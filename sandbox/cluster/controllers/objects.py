"""Questions about manifests that several controllers ask."""

import hashlib
import json
import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sandbox.cluster.controllers.kinds import Kind, Manifest

ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # No vowels, no digits like letters: Kubernetes' own.


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def age(timestamp: str) -> float:
    """Seconds since a timestamp of the API."""
    return (datetime.now(UTC) - datetime.fromisoformat(timestamp)).total_seconds()


def suffix() -> str:
    return "".join(random.choices(ALPHABET, k=5))  # noqa: S311 - A name, not a secret.


def digest(value: Any) -> str:
    """A short hash of a JSON value, equal for equal values."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    raw = hashlib.sha256(text.encode()).digest()
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in raw[:10])


def labels(manifest: Manifest) -> dict[str, str]:
    return manifest["metadata"].get("labels") or {}


def annotations(manifest: Manifest) -> dict[str, str]:
    return manifest["metadata"].get("annotations") or {}


def status(manifest: Manifest) -> dict[str, Any]:
    return manifest.get("status") or {}


def leaving(manifest: Manifest) -> bool:
    return bool(manifest["metadata"].get("deletionTimestamp"))


def owner(manifest: Manifest) -> Manifest | None:
    """The reference to the controller of an object."""
    references = manifest["metadata"].get("ownerReferences") or []
    return next((item for item in references if item.get("controller")), None)


def reference(kind: Kind, manifest: Manifest) -> Manifest:
    """An ownerReference that makes `manifest` the controller of another object."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "name": manifest["metadata"]["name"],
        "uid": manifest["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def condition(name: str, holds: bool, reason: str = "", message: str = "") -> Manifest:
    holds_text = "True" if holds else "False"
    return {"type": name, "status": holds_text, "reason": reason, "message": message}


def has_condition(manifest: Manifest, name: str) -> bool:
    found = status(manifest).get("conditions") or []
    return any(item["type"] == name and item["status"] == "True" for item in found)


def settle_conditions(before: Iterable[Manifest], after: Iterable[Manifest]) -> list[Manifest]:
    """Date each condition: `lastTransitionTime` moves only when its status does."""
    known = {item["type"]: item for item in before}
    settled = []
    for item in after:
        old = known.get(item["type"], {})
        same = old.get("status") == item["status"] and old.get("lastTransitionTime")
        settled.append(item | {"lastTransitionTime": same or now()})
    return settled


def selects(selector: Manifest | None, found: Mapping[str, str]) -> bool:
    """Whether a label selector matches; an absent one matches nothing, an empty one everything."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(found.get(name) != value for name, value in wanted.items()):
        return False
    return all(_meets(term, found) for term in selector.get("matchExpressions") or [])


def _meets(term: Manifest, found: Mapping[str, str]) -> bool:
    value, values = found.get(term["key"]), term.get("values") or []
    match term["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case _:
            return value is None


def share(amount: Any, of: int, *, up: bool) -> int:
    """Resolve a count or a percentage such as `25%`; `up` tells where halves go."""
    if not isinstance(amount, str) or not amount.endswith("%"):
        return int(amount)
    product = int(amount[:-1]) * of
    return -(-product // 100) if up else product // 100


def pod_is_ready(pod: Manifest) -> bool:
    return not leaving(pod) and has_condition(pod, "Ready")


def pod_is_finished(pod: Manifest) -> bool:
    return status(pod).get("phase") in ("Succeeded", "Failed")
