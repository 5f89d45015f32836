"""ReplicaSets: as many pods as asked, the least useful ones go first."""

from sandbox.cluster.controllers.client import ApiError
from sandbox.cluster.controllers.controller import Controller
from sandbox.cluster.controllers.kinds import PODS, REPLICA_SETS, Key, Manifest
from sandbox.cluster.controllers.objects import (
    condition,
    labels,
    leaving,
    pod_is_finished,
    pod_is_ready,
    selects,
    status,
)
from sandbox.cluster.controllers.workloads.pods import create_pod, delete_pod, pod_of

SOURCE = "replicaset-controller"


def usefulness(pod: Manifest) -> tuple[bool, bool, str]:
    """Sorts the pods that may go first: not running, not ready, youngest."""
    running = status(pod).get("phase") == "Running"
    return running, pod_is_ready(pod), "".join(reversed(pod["metadata"]["creationTimestamp"]))


class ReplicaSets(Controller):
    kind = REPLICA_SETS
    owns = (PODS,)

    async def reconcile(self, key: Key) -> float | None:
        found = self.cache.get(REPLICA_SETS, key)
        if found is None:
            return None
        if not leaving(found):
            try:
                await self._scale(found)
            except ApiError as error:
                await self._report(key, str(error))
                raise
        await self._report(key)
        return None

    def _pods(self, found: Manifest) -> list[Manifest]:
        pods = self.cache.owned(PODS, found)
        return [pod for pod in pods if not leaving(pod) and not pod_is_finished(pod)]

    async def _scale(self, found: Manifest) -> None:
        pods = self._pods(found)
        wanted = found["spec"].get("replicas", 1)
        for _ in range(wanted - len(pods)):
            await create_pod(self.around, SOURCE, REPLICA_SETS, pod_of(REPLICA_SETS, found))
        if len(pods) > wanted:
            for pod in sorted(pods, key=usefulness)[: len(pods) - wanted]:
                await delete_pod(self.around, SOURCE, REPLICA_SETS, pod)

    async def _report(self, key: Key, failure: str = "") -> None:
        found = self.cache.get(REPLICA_SETS, key)
        if found is None:
            return
        pods = self._pods(found)
        ready = sum(pod_is_ready(pod) for pod in pods)
        wanted = {"matchLabels": labels(found["spec"]["template"])}
        counts = {
            "replicas": len(pods),
            "fullyLabeledReplicas": sum(selects(wanted, labels(pod)) for pod in pods),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "observedGeneration": found["metadata"].get("generation", 1),
        }
        failed = [condition("ReplicaFailure", True, "FailedCreate", failure)] if failure else None
        if failed or status(found).get("conditions"):
            await self.around.set_status(REPLICA_SETS, found, {"conditions": failed or []})
        await self.around.set_status(REPLICA_SETS, found, counts)
