"""Deleting: at once, when finalizers agree, or after a pod's grace."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.cluster.api import errors
from sandbox.cluster.api.clock import FORM
from sandbox.cluster.api.kinds import Kind
from sandbox.cluster.api.objects import Objects, Target, wrong_uid
from sandbox.cluster.api.storage import Object

FINALIZERS = {"Foreground": "foregroundDeletion", "Orphan": "orphan"}
PROTECTED = ("default", "kube-system", "kube-public", "kube-node-lease")
FINISHED = ("Succeeded", "Failed")


def delete(objects: Objects, target: Target, wanted: Object, *, dry_run: bool = False) -> Object:
    """Delete an object as DeleteOptions ask; the answer is a Status, or what stays for now."""
    kind, body = target.kind, objects.get(target)
    _demand(kind, body, wanted)
    metadata = dict(body["metadata"])
    finalizers = list(metadata.get("finalizers") or ())
    finalizer = FINALIZERS.get(_policy(wanted))
    if finalizer and finalizer not in finalizers:
        finalizers.append(finalizer)
    grace = _grace(kind, body, wanted)
    left = {**body, "metadata": metadata}
    if not metadata.get("deletionTimestamp"):
        metadata["generation"] = metadata.get("generation", 0) + 1
        moment = datetime.now(UTC) + timedelta(seconds=grace)
        metadata["deletionTimestamp"] = moment.strftime(FORM)
        metadata["deletionGracePeriodSeconds"] = grace
        if finalizers:
            metadata["finalizers"] = finalizers
    elif grace < metadata.get("deletionGracePeriodSeconds", 0):
        metadata["deletionGracePeriodSeconds"] = grace
    if kind.name == "Namespace":
        left["status"] = {**left.get("status", {}), "phase": "Terminating"}
    if dry_run:
        return success(kind, body)
    objects.mark(kind, left)
    stays = objects.find(target)
    return success(kind, body) if stays is None else stays


def _demand(kind: Kind, body: Object, wanted: Object) -> None:
    name, metadata = body["metadata"]["name"], body["metadata"]
    conditions = wanted.get("preconditions") or {}
    if (uid := conditions.get("uid")) and uid != metadata["uid"]:
        raise errors.conflict(kind, name, wrong_uid(uid, metadata["uid"]))
    version = conditions.get("resourceVersion")
    if version and version != metadata["resourceVersion"]:
        why = (
            f"Precondition failed: ResourceVersion in precondition: {version}, "
            f"ResourceVersion in object meta: {metadata['resourceVersion']}"
        )
        raise errors.conflict(kind, name, why)
    if kind.name == "Namespace" and name in PROTECTED:
        raise errors.forbidden(kind, name, "this namespace may not be deleted")


def _policy(wanted: Object) -> str:
    if wanted.get("orphanDependents"):
        return "Orphan"
    return str(wanted.get("propagationPolicy") or "Background")


def _grace(kind: Kind, body: Object, wanted: Object) -> int:
    """Seconds that a pod may take; only a kubelet ends a pod that runs on its node."""
    if kind.name != "Pod":
        return 0
    running = body["spec"].get("nodeName")
    if not running or (body.get("status") or {}).get("phase") in FINISHED:
        return 0
    asked = wanted.get("gracePeriodSeconds")
    return int(body["spec"].get("terminationGracePeriodSeconds", 30) if asked is None else asked)


def success(kind: Kind, body: Object) -> dict[str, Any]:
    details = {**errors.about(kind, body["metadata"]["name"]), "uid": body["metadata"]["uid"]}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }
