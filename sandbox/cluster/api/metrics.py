"""metrics.k8s.io: what `kubectl top` asks; nothing runs, so a pod uses half of what it requests."""

from decimal import Decimal
from typing import Any

from sandbox.cluster import quantities
from sandbox.cluster.api import errors
from sandbox.cluster.api.clock import now
from sandbox.cluster.api.kinds import Kind
from sandbox.cluster.api.storage import Object, Storage

SHARE = Decimal("0.5")  # Of what is requested; without a request, of what follows.
SILENT = {"cpu": "20m", "memory": "64Mi"}
PODS, NODES = ("", "pods"), ("", "nodes")


def listed(storage: Storage, kind: Kind, namespace: str) -> list[Object]:
    """The metrics of every running pod, or of every node."""
    pods = [pod for pod in storage.collection(PODS, namespace) if _runs(pod)]
    if kind.plural == "pods":
        return [_of_pod(kind, pod) for pod in pods]
    return [_of_node(kind, node, pods) for node in storage.collection(NODES)]


def one(storage: Storage, kind: Kind, namespace: str, name: str) -> Object:
    found = listed(storage, kind, namespace)
    for each in found:
        if each["metadata"]["name"] == name:
            return each
    raise errors.not_found(kind, name)


def _runs(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") == "Running"


def _usage(container: Object) -> quantities.Amounts:
    asked = (container.get("resources") or {}).get("requests") or {}
    return {name: quantities.amount(asked.get(name, SILENT[name])) * SHARE for name in SILENT}


def _shown(amounts: quantities.Amounts) -> dict[str, str]:
    cpu = (amounts.get("cpu", Decimal(0)) * 10**9).to_integral_value()
    memory = (amounts.get("memory", Decimal(0)) / 1024).to_integral_value()
    return {"cpu": f"{cpu}n", "memory": f"{memory}Ki"}


def _of_pod(kind: Kind, pod: Object) -> Object:
    containers = [
        {"name": each["name"], "usage": _shown(_usage(each))} for each in pod["spec"]["containers"]
    ]
    return _metrics(kind, pod, {"containers": containers})


def _of_node(kind: Kind, node: Object, pods: list[Object]) -> Object:
    own = [pod for pod in pods if pod["spec"].get("nodeName") == node["metadata"]["name"]]
    used = quantities.total(_usage(each) for pod in own for each in pod["spec"]["containers"])
    return _metrics(kind, node, {"usage": _shown(used)})


def _metrics(kind: Kind, body: Object, more: dict[str, Any]) -> Object:
    metadata = {
        name: body["metadata"][name]
        for name in ("name", "namespace", "labels")
        if name in body["metadata"]
    }
    moment = now()
    return {
        "kind": kind.name,
        "apiVersion": kind.api_version,
        "metadata": metadata | {"creationTimestamp": moment},
        "timestamp": moment,
        "window": "15s",
        **more,
    }
