"""What an update may not change: the fields that keep the value of their creation."""

from collections.abc import Callable, Iterator
from typing import Any

from sandbox.cluster.api import selectors
from sandbox.cluster.api.errors import Cause, refused, wrong
from sandbox.cluster.api.kinds import Kind

Object = dict[str, Any]
IMMUTABLE = "field is immutable"


def check(kind: Kind, old: Object, new: Object) -> Iterator[Cause]:
    """Everything that an update may not change."""
    if not kind.custom and (rule := CHANGES.get(kind.name)):
        yield from rule(old, new)


def _fixed(*paths: str) -> Callable[[Object, Object], Iterator[Cause]]:
    """Fields that keep the value of their creation."""

    def check(old: Object, new: Object) -> Iterator[Cause]:
        for path in paths:
            before, after = selectors.at(old, path), selectors.at(new, path)
            if before != after:
                yield wrong(path, _compact(after), IMMUTABLE)

    return check


def _compact(value: Any) -> Any:
    return value if not isinstance(value, dict) else value.get("matchLabels") or value


def _stateful_set_change(old: Object, new: Object) -> Iterator[Cause]:
    free = {
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    }
    before = {key: value for key, value in old["spec"].items() if key not in free}
    after = {key: value for key, value in new["spec"].items() if key not in free}
    if before != after:
        why = (
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', "
            "'template', 'updateStrategy', 'revisionHistoryLimit', "
            "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
        )
        yield refused("spec", why)


def _data_change(old: Object, new: Object) -> Iterator[Cause]:
    if old.get("type") != new.get("type"):
        yield wrong("type", new.get("type"), IMMUTABLE)
    if not old.get("immutable"):
        return
    why = "field is immutable when `immutable` is set"
    if not new.get("immutable"):
        yield refused("immutable", why)
    for field in ("data", "binaryData"):
        if old.get(field) != new.get(field):
            yield refused(field, why)


def _service_change(old: Object, new: Object) -> Iterator[Cause]:
    before, after = old["spec"].get("clusterIP"), new["spec"].get("clusterIP")
    if before and before != after and new["spec"]["type"] != "ExternalName":
        yield wrong("spec.clusterIPs[0]", [after], "may not change once set")


def _binding_change(old: Object, new: Object) -> Iterator[Cause]:
    if old.get("roleRef") != new.get("roleRef"):
        yield wrong("roleRef", new.get("roleRef"), "cannot change roleRef")


def _pod_change(old: Object, new: Object) -> Iterator[Cause]:
    def fixed(body: Object) -> Object:
        spec = {
            key: value
            for key, value in body["spec"].items()
            if key not in ("activeDeadlineSeconds", "tolerations", "nodeName")
        }
        for field in ("containers", "initContainers"):
            containers = spec.get(field) or ()
            spec[field] = [{**each, "image": "", "resources": {}} for each in containers]
        return spec

    if fixed(old) != fixed(new):
        why = (
            "pod updates may not change fields other than `spec.containers[*].image`,"
            "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` "
            "(only additions to existing tolerations),`spec.terminationGracePeriodSeconds` "
            "(allow it to be set to 1 if it was previously negative)"
        )
        yield refused("spec", why)


CHANGES: dict[str, Callable[[Object, Object], Iterator[Cause]]] = {
    "ClusterRoleBinding": _binding_change,
    "ConfigMap": _data_change,
    "DaemonSet": _fixed("spec.selector"),
    "Deployment": _fixed("spec.selector"),
    "Job": _fixed("spec.completions", "spec.selector", "spec.template"),
    "PersistentVolumeClaim": _fixed(
        "spec.accessModes", "spec.selector", "spec.storageClassName", "spec.volumeMode"
    ),
    "Pod": _pod_change,
    "ReplicaSet": _fixed("spec.selector"),
    "RoleBinding": _binding_change,
    "Secret": _data_change,
    "Service": _service_change,
    "StatefulSet": _stateful_set_change,
}
