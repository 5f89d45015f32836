"""What `kubectl get` shows of each built-in kind."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.cluster.api.clock import age, duration
from sandbox.cluster.api.selectors import at, written

Object = dict[str, Any]
NONE = "<none>"
UNSET = "<unset>"
WIDE = 1  # Priority of the columns that only `-o wide` shows.


@dataclass(frozen=True)
class Column:
    name: str
    value: Callable[[Object], Any]
    priority: int = 0
    type: str = "string"


def _status(body: Object, path: str, otherwise: Any = 0) -> Any:
    found = at(body, f"status.{path}")
    return otherwise if found is None else found


def _count(name: str, path: str, otherwise: Any = 0) -> Column:
    return Column(name, lambda body: _or(at(body, path), otherwise), type="integer")


def _field(name: str, path: str, otherwise: Any = NONE, priority: int = 0) -> Column:
    return Column(name, lambda body: _or(at(body, path), otherwise), priority)


def _or(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value


def _wanted(body: Object) -> int:
    replicas = at(body, "spec.replicas")
    return 1 if replicas is None else int(replicas)


def _template(body: Object) -> list[Object]:
    return at(body, "spec.template.spec.containers") or []


AGE = Column("Age", lambda body: age(body["metadata"].get("creationTimestamp", "")))
CONTAINERS = Column(
    "Containers", lambda body: ",".join(each["name"] for each in _template(body)), WIDE
)
IMAGES = Column(
    "Images", lambda body: ",".join(each.get("image", "") for each in _template(body)), WIDE
)
SELECTOR = Column("Selector", lambda body: written(at(body, "spec.selector") or {}) or NONE, WIDE)
WORKLOAD = (CONTAINERS, IMAGES, SELECTOR)


def _pod_status(body: Object) -> str:
    """The reason why a pod does not run well, or its phase."""
    if body["metadata"].get("deletionTimestamp"):
        return "Terminating"
    text = _status(body, "reason", "") or _status(body, "phase", "Unknown")
    for container in _status(body, "initContainerStatuses", ()):
        state = container.get("state") or {}
        if (reason := (state.get("waiting") or {}).get("reason")) not in (None, "PodInitializing"):
            return f"Init:{reason}"
        if (state.get("terminated") or {}).get("exitCode"):
            return "Init:Error"
    for container in _status(body, "containerStatuses", ()):
        state = container.get("state") or {}
        for form in ("waiting", "terminated"):
            if reason := (state.get(form) or {}).get("reason"):
                text = reason
    return str(text)


def _pod_ready(body: Object) -> str:
    statuses = _status(body, "containerStatuses", ())
    ready = sum(bool(each.get("ready")) for each in statuses)
    return f"{ready}/{len(at(body, 'spec.containers') or ())}"


def _restarts(body: Object) -> str:
    statuses = _status(body, "containerStatuses", ())
    return str(sum(each.get("restartCount", 0) for each in statuses))


def _external(body: Object) -> str:
    kind = at(body, "spec.type")
    if kind == "ExternalName":
        return str(at(body, "spec.externalName"))
    found = [
        each.get("ip") or each.get("hostname", "")
        for each in _status(body, "loadBalancer.ingress", ())
    ] + (at(body, "spec.externalIPs") or [])
    return ",".join(found) or ("<pending>" if kind == "LoadBalancer" else NONE)


def _ports(body: Object) -> str:
    texts = []
    for port in at(body, "spec.ports") or ():
        node = f":{port['nodePort']}" if port.get("nodePort") else ""
        texts.append(f"{port['port']}{node}/{port.get('protocol', 'TCP')}")
    return ",".join(texts) or NONE


def _equalities(path: str) -> Callable[[Object], str]:
    def text(body: Object) -> str:
        return ",".join(f"{key}={value}" for key, value in (at(body, path) or {}).items()) or NONE

    return text


def _endpoints(body: Object) -> str:
    found = [
        f"{address['ip']}:{port['port']}"
        for subset in body.get("subsets") or ()
        for address in subset.get("addresses") or ()
        for port in subset.get("ports") or ()
    ]
    more = f" + {len(found) - 3} more..." if len(found) > 3 else ""  # noqa: PLR2004 (as kubectl)
    return ",".join(found[:3]) + more or NONE


def _conditions(body: Object) -> set[str]:
    """The conditions that hold."""
    return {each["type"] for each in _status(body, "conditions", ()) if each["status"] == "True"}


def _job_status(body: Object) -> str:
    holding = _conditions(body)
    for name in ("Complete", "Failed", "Suspended", "FailureTarget"):
        if name in holding:
            return name
    return "Terminating" if body["metadata"].get("deletionTimestamp") else "Running"


def _job_duration(body: Object) -> str | None:
    start, end = _status(body, "startTime", None), _status(body, "completionTime", None)
    if not start:
        return None
    if not end:
        return age(start)
    seconds = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return duration(int(seconds.total_seconds()))


def _node_status(body: Object) -> str:
    text = "Ready" if "Ready" in _conditions(body) else "NotReady"
    return text + (",SchedulingDisabled" if at(body, "spec.unschedulable") else "")


def _roles(body: Object) -> str:
    prefix = "node-role.kubernetes.io/"
    labels = body["metadata"].get("labels") or {}
    return ",".join(key.removeprefix(prefix) for key in labels if key.startswith(prefix)) or NONE


def _size(*fields: str) -> Column:
    return Column(
        "Data", lambda body: sum(len(body.get(field) or {}) for field in fields), type="integer"
    )


def _ingress_hosts(body: Object) -> str:
    return ",".join(each.get("host", "*") for each in at(body, "spec.rules") or ()) or "*"


def _ingress_address(body: Object) -> str:
    found = _status(body, "loadBalancer.ingress", ())
    return ",".join(each.get("ip") or each.get("hostname", "") for each in found)


def _terminating(body: Object) -> str:
    return str(_status(body, "phase", "Active"))


def _role(body: Object) -> str:
    return f"{body['roleRef']['kind']}/{body['roleRef']['name']}"


def _webhook_count(body: Object) -> int:
    return len(body.get("webhooks") or ())


def _involved(body: Object) -> str:
    involved = body.get("involvedObject") or {}
    return f"{involved.get('kind', '').lower()}/{involved.get('name', '')}"


def _last_seen(body: Object) -> str:
    moment = body.get("lastTimestamp") or body.get("eventTime")
    return age(moment or body["metadata"].get("creationTimestamp", ""))


BUILTIN: dict[str, tuple[Column, ...]] = {
    "Namespace": (Column("Status", _terminating), AGE),
    "Pod": (
        Column("Ready", _pod_ready),
        Column("Status", _pod_status),
        Column("Restarts", _restarts),
        AGE,
        _field("IP", "status.podIP", priority=WIDE),
        _field("Node", "spec.nodeName", priority=WIDE),
        _field("Nominated Node", "status.nominatedNodeName", priority=WIDE),
        Column("Readiness Gates", lambda _: NONE, WIDE),
    ),
    "Deployment": (
        Column("Ready", lambda body: f"{_status(body, 'readyReplicas')}/{_wanted(body)}"),
        _count("Up-to-date", "status.updatedReplicas"),
        _count("Available", "status.availableReplicas"),
        AGE,
        *WORKLOAD,
    ),
    "ReplicaSet": (
        Column("Desired", _wanted, type="integer"),
        _count("Current", "status.replicas"),
        _count("Ready", "status.readyReplicas"),
        AGE,
        *WORKLOAD,
    ),
    "StatefulSet": (
        Column("Ready", lambda body: f"{_status(body, 'readyReplicas')}/{_wanted(body)}"),
        AGE,
        CONTAINERS,
        IMAGES,
    ),
    "DaemonSet": (
        _count("Desired", "status.desiredNumberScheduled"),
        _count("Current", "status.currentNumberScheduled"),
        _count("Ready", "status.numberReady"),
        _count("Up-to-date", "status.updatedNumberScheduled"),
        _count("Available", "status.numberAvailable"),
        Column("Node Selector", _equalities("spec.template.spec.nodeSelector")),
        AGE,
        *WORKLOAD,
    ),
    "Job": (
        Column("Status", _job_status),
        Column(
            "Completions",
            lambda body: f"{_status(body, 'succeeded')}/{at(body, 'spec.completions') or 1}",
        ),
        Column("Duration", _job_duration),
        AGE,
        *WORKLOAD,
    ),
    "CronJob": (
        _field("Schedule", "spec.schedule"),
        _field("Timezone", "spec.timeZone"),
        Column("Suspend", lambda body: str(bool(at(body, "spec.suspend")))),
        Column("Active", lambda body: len(_status(body, "active", ())), type="integer"),
        Column("Last Schedule", lambda body: age(_status(body, "lastScheduleTime", "")) or NONE),
        AGE,
    ),
    "Service": (
        _field("Type", "spec.type"),
        _field("Cluster-IP", "spec.clusterIP"),
        Column("External-IP", _external),
        Column("Port(s)", _ports),
        AGE,
        Column("Selector", _equalities("spec.selector"), WIDE),
    ),
    "Endpoints": (Column("Endpoints", _endpoints), AGE),
    "Secret": (_field("Type", "type"), _size("data"), AGE),
    "ConfigMap": (_size("data", "binaryData"), AGE),
    "ServiceAccount": (
        Column("Secrets", lambda body: len(body.get("secrets") or ()), type="integer"),
        AGE,
    ),
    "Node": (
        Column("Status", _node_status),
        Column("Roles", _roles),
        AGE,
        _field("Version", "status.nodeInfo.kubeletVersion"),
    ),
    "Event": (
        Column("Last Seen", _last_seen),
        _field("Type", "type", ""),
        _field("Reason", "reason", ""),
        Column("Object", _involved),
        Column("Message", lambda body: str(body.get("message", "")).strip()),
    ),
    "PersistentVolumeClaim": (
        _field("Status", "status.phase", "Pending"),
        _field("Volume", "spec.volumeName", ""),
        _field("Capacity", "status.capacity.storage", ""),
        Column("Access Modes", lambda body: ",".join(_status(body, "accessModes", ()))),
        _field("StorageClass", "spec.storageClassName", ""),
        Column("VolumeAttributesClass", lambda _: UNSET),
        AGE,
    ),
    "Ingress": (
        _field("Class", "spec.ingressClassName"),
        Column("Hosts", _ingress_hosts),
        Column("Address", _ingress_address),
        Column("Ports", lambda body: "80, 443" if at(body, "spec.tls") else "80"),
        AGE,
    ),
    "NetworkPolicy": (
        Column("Pod-Selector", lambda body: written(at(body, "spec.podSelector") or {}) or NONE),
        AGE,
    ),
    "PodDisruptionBudget": (
        _field("Min Available", "spec.minAvailable", "N/A"),
        _field("Max Unavailable", "spec.maxUnavailable", "N/A"),
        _count("Allowed Disruptions", "status.disruptionsAllowed"),
        AGE,
    ),
    "HorizontalPodAutoscaler": (
        Column(
            "Reference",
            lambda body: "{kind}/{name}".format_map(at(body, "spec.scaleTargetRef")),
        ),
        _count("Minpods", "spec.minReplicas", UNSET),
        _count("Maxpods", "spec.maxReplicas"),
        _count("Replicas", "status.currentReplicas"),
        AGE,
    ),
    "RoleBinding": (Column("Role", _role), AGE),
    "ClusterRoleBinding": (Column("Role", _role), AGE),
    "CustomResourceDefinition": (
        Column("Created At", lambda body: body["metadata"].get("creationTimestamp")),
    ),
    "Role": (Column("Created At", lambda body: body["metadata"].get("creationTimestamp")),),
    "ClusterRole": (Column("Created At", lambda body: body["metadata"].get("creationTimestamp")),),
    "ValidatingWebhookConfiguration": (
        Column("Webhooks", _webhook_count, type="integer"),
        AGE,
    ),
    "MutatingWebhookConfiguration": (Column("Webhooks", _webhook_count, type="integer"), AGE),
    "StorageClass": (
        _field("Provisioner", "provisioner"),
        _field("ReclaimPolicy", "reclaimPolicy", "Delete"),
        _field("VolumeBindingMode", "volumeBindingMode", "Immediate"),
        Column("AllowVolumeExpansion", lambda body: bool(body.get("allowVolumeExpansion"))),
        AGE,
    ),
    "Lease": (_field("Holder", "spec.holderIdentity", ""), AGE),
}
