"""Events in both forms: core/v1 is what is stored, events.k8s.io/v1 what newer clients read."""

from typing import Any

Object = dict[str, Any]

GROUP = "events.k8s.io"
CORE = ("", "events")
# Name in core/v1 -> name in events.k8s.io/v1.
RENAMED = {
    "message": "note",
    "involvedObject": "regarding",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
BACK = {new: old for old, new in RENAMED.items()}


def to_new(body: Object) -> Object:
    """A stored event as events.k8s.io/v1."""
    shown = {RENAMED.get(name, name): value for name, value in body.items()}
    return shown | {"apiVersion": f"{GROUP}/v1", "eventTime": body.get("eventTime")}


def to_core(body: Object) -> Object:
    """An event of either form as it is stored."""
    stored = {BACK.get(name, name): value for name, value in body.items()}
    return stored | {"apiVersion": "v1"}
