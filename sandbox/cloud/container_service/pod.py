"""The pod in which a command runs: it needs room in the cluster, and may lose it again."""

from typing import Any

from sandbox.arm import ArmError
from sandbox.cloud.container_service import refusals

NAMESPACE = "aks-command"
LABELS = {"app.kubernetes.io/managed-by": "aks-run-command"}
IMAGES = "mcr.microsoft.com/aks/command"
SCHEDULED = 30.0  # Seconds that AKS waits for the pod to find a node.
STARTED = 60.0  # Resource Manager's own limit, from then on.
FLOOR = 10.0  # Real seconds that the sandbox's own controllers may need on a busy machine.
LIFETIME = 3600  # Seconds; longer than any command.
RESOURCES = {
    "requests": {"cpu": "200m", "memory": "500Mi"},
    "limits": {"cpu": "500m", "memory": "1Gi"},
}
"""Hard-coded by AKS: no setting of a cluster changes them."""
GONE = "The pod {name} was deleted or evicted before the command had ended."


def name(identifier: str) -> str:
    return f"command-{identifier}"


def manifest(identifier: str) -> dict[str, Any]:
    """`command-<id>`; nothing of the command itself stands in it."""
    return {
        "metadata": {
            "name": name(identifier),
            "namespace": NAMESPACE,
            "labels": LABELS,
        },
        "spec": {
            "restartPolicy": "Never",
            "activeDeadlineSeconds": LIFETIME,
            "automountServiceAccountToken": False,
            "initContainers": [container("init-command", "init")],
            "containers": [container("user-command", "runtime")],
        },
    }


def container(name: str, image: str) -> dict[str, Any]:
    return {"name": name, "image": f"{IMAGES}/{image}:master", "resources": RESOURCES}


def is_of_a_command(pod: dict[str, Any]) -> bool:
    metadata = pod["metadata"]
    return (metadata["namespace"], metadata.get("labels")) == (NAMESPACE, LABELS)


def is_placed(pod: dict[str, Any]) -> bool:
    return bool(pod["spec"].get("nodeName"))


def has_started(pod: dict[str, Any]) -> bool:
    return phase(pod) == "Running"


def has_ended(pod: dict[str, Any]) -> bool:
    return phase(pod) in ("Succeeded", "Failed") or "deletionTimestamp" in pod["metadata"]


def phase(pod: dict[str, Any]) -> str:
    return str((pod.get("status") or {}).get("phase", "Pending"))


def obstacle(pod: dict[str, Any] | None, identifier: str) -> str:
    """Why a pod that has a node does not start, as its containers tell it."""
    if pod is None:
        return GONE.format(name=name(identifier))
    told = (pod.get("status") or {}).get("containerStatuses") or []
    waits = [one["state"]["waiting"]["reason"] for one in told if "waiting" in one["state"]]
    return waits[0] if waits else "ContainerCreating"


def no_room(identifier: str) -> ArmError:
    """Azure's words for a pod that stays pending: no capacity, a taint, an image, a slow node."""
    return refusals.refusal(
        400,
        "KubernetesPerformanceError",
        f"Failed to run command due to cluster perf issue, container {name(identifier)} "
        f"in {NAMESPACE} namespace did not start within 30s on your cluster, "
        "retry may helps. If issue persist, you may need to tune your cluster with better "
        "performance (larger node/paid tier).",
    )


def refused(message: str) -> ArmError:
    """The API server would not have the pod: a quota, a policy, a webhook."""
    return refusals.refusal(
        400,
        "KubernetesOperationError",
        "Failed to run command in managed cluster due to kubernetes failure. details: " + message,
    )
