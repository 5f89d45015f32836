"""Scale, eviction, binding and tokens: subresources that speak a kind of their own."""

from sandbox.cluster.api import decoding, deletion, errors
from sandbox.cluster.api.authentication import Authenticator
from sandbox.cluster.api.calls import Call
from sandbox.cluster.api.errors import ApiError
from sandbox.cluster.api.objects import MERGE_PATCH, Objects, Target, patched
from sandbox.cluster.api.selectors import at, matches, written
from sandbox.cluster.api.storage import Object, Storage

OWNERS = {
    "binding": ("pods",),
    "eviction": ("pods",),
    "log": ("pods",),
    "scale": ("deployments", "replicasets", "replicationcontrollers", "statefulsets"),
    "token": ("serviceaccounts",),
}
"""Which kinds have them; of the custom ones, any may have a scale."""
TOKEN_REQUEST = "k8s.io.api.authentication.v1.TokenRequest"  # noqa: S105  # The name of a type.
BUDGETS = ("policy", "poddisruptionbudgets")
SHOWN = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def scale(objects: Objects, call: Call, target: Target) -> Object:
    """Read or set the number of replicas."""
    body = objects.get(target)
    if call.method == "GET":
        return _scale(body)
    wanted = call.body if call.method == "PATCH" else given(call)
    if call.method == "PATCH":
        wanted = patched(target.kind, _scale(body), call.media_type or MERGE_PATCH, wanted)
    replicas = at(wanted, "spec.replicas")
    if not isinstance(replicas, int) or replicas < 0:
        why = "must be greater than or equal to 0"
        cause = errors.wrong("spec.replicas", replicas, why)
        raise errors.invalid(target.kind, target.name, [cause])
    change = {"spec": {"replicas": replicas}}
    if version := at(wanted, "metadata.resourceVersion"):
        change["metadata"] = {"resourceVersion": version}
    options = call.options("scale")
    return _scale(objects.patch(target, MERGE_PATCH, change, options))


def given(call: Call) -> Object:
    """The body, which is an object of its own kind."""
    found = call.body
    if not isinstance(found, dict):
        raise errors.bad_request("the object provided is unrecognized: it must be a map")
    return found


def _scale(body: Object) -> Object:
    replicas = at(body, "spec.replicas")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: body["metadata"][key] for key in SHOWN if key in body["metadata"]},
        "spec": {"replicas": 1 if replicas is None else replicas},
        "status": {
            "replicas": at(body, "status.replicas") or 0,
            "selector": written(at(body, "spec.selector") or {}),
        },
    }


def evict(objects: Objects, storage: Storage, call: Call, target: Target) -> Object:
    """Delete a pod unless a disruption budget forbids it."""
    pod = objects.get(target)
    labels = pod["metadata"].get("labels") or {}
    for budget in storage.collection(BUDGETS, target.namespace):
        chosen = matches(at(budget, "spec.selector"), labels)
        if chosen and at(budget, "status.disruptionsAllowed") == 0:
            message = "Cannot evict pod as it would violate the pod's disruption budget."
            raise ApiError(429, "TooManyRequests", message)
    deletion.delete(objects, target, given(call).get("deleteOptions") or {})
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def bind(objects: Objects, call: Call, target: Target) -> Object:
    """Put a pod on a node."""
    node = at(given(call), "target.name")
    pod = objects.get(target)
    if (current := pod["spec"].get("nodeName")) and current != node:
        why = f"pod {target.name} is already assigned to node {current}"
        raise errors.conflict(target.kind, target.name, why)
    objects.patch(target, MERGE_PATCH, {"spec": {"nodeName": node}}, call.options())
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}


def token(objects: Objects, authenticator: Authenticator, call: Call, target: Target) -> Object:
    """A token for a service account."""
    try:
        request: Object = decoding.decode(TOKEN_REQUEST, given(call)).value
    except decoding.Mismatch as error:
        raise errors.bad_request(
            f'TokenRequest in version "v1" cannot be handled as a TokenRequest: {error.go}'
        ) from error
    account = objects.get(target)
    return {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"name": target.name, "namespace": target.namespace},
        "spec": request.get("spec") or {},
        "status": authenticator.issue(account, request),
    }
