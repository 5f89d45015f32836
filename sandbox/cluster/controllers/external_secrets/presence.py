"""Which of the operator's three programs runs, seen from its pods."""

from typing import Literal

from sandbox.cluster.controllers.cache import Cache
from sandbox.cluster.controllers.kinds import PODS, Kind, Manifest
from sandbox.cluster.controllers.objects import pod_is_ready
from sandbox.cluster.controllers.simulated.container import repository
from sandbox.cluster.controllers.simulated.images import is_image

Program = Literal["controller", "webhook", "certcontroller"]
IMAGE = "external-secrets/external-secrets"


def program(pod: Manifest) -> Program | None:
    """What a pod of the operator's image runs: its first argument, or the controller."""
    for container in pod["spec"]["containers"]:
        if is_image(repository(container.get("image", "")), IMAGE):
            arguments = [*(container.get("command") or []), *(container.get("args") or [])]
            if "webhook" in arguments:
                return "webhook"
            return "certcontroller" if "certcontroller" in arguments else "controller"
    return None


def running(cache: Cache, wanted: Program) -> Manifest | None:
    """A ready pod of one of the programs."""
    pods = (pod for pod in cache.find(PODS) if program(pod) == wanted)
    return next((pod for pod in pods if pod_is_ready(pod)), None)


def has_arrived(kind: Kind, old: Manifest | None, new: Manifest | None, wanted: Program) -> bool:
    """Whether a change made a pod of the program ready."""
    if kind.resource != PODS.resource or new is None or program(new) != wanted:
        return False
    return pod_is_ready(new) and not (old is not None and pod_is_ready(old))
