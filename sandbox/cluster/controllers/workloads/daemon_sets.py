"""DaemonSets: one pod on each node that fits."""

from sandbox.cluster.controllers.controller import Controller
from sandbox.cluster.controllers.kinds import DAEMON_SETS, NODES, PODS, Key, Kind, Manifest
from sandbox.cluster.controllers.objects import digest, labels, leaving, pod_is_ready
from sandbox.cluster.controllers.scheduling import fit, terms
from sandbox.cluster.controllers.workloads.pods import (
    create_pod,
    delete_pod,
    pod_of,
    template_for,
)

SOURCE = "daemonset-controller"
REVISION = "controller-revision-hash"


class DaemonSets(Controller):
    kind = DAEMON_SETS
    owns = (PODS,)

    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        super().notice(kind, old, new)
        if kind.resource == NODES.resource:
            for found in self.cache.find(DAEMON_SETS):
                self.queue.add(Key.of(found))

    async def reconcile(self, key: Key) -> float | None:
        found = self.cache.get(DAEMON_SETS, key)
        if found is None:
            return None
        if not leaving(found):
            await self._step(found)
        await self._report(key)
        return None

    def _nodes(self, found: Manifest) -> list[str]:
        """Pods of a DaemonSet stay on nodes that are cordoned; other taints keep them away."""
        spec = found["spec"]["template"].get("spec") or {}
        return [
            node["metadata"]["name"]
            for node in self.cache.find(NODES)
            if fit.is_up(node) and not terms.untolerated(spec, node) and terms.wants(spec, node)
        ]

    def _pods(self, found: Manifest) -> list[Manifest]:
        return [pod for pod in self.cache.owned(PODS, found) if not leaving(pod)]

    async def _step(self, found: Manifest) -> None:
        mark = digest(template_for(found["spec"]["template"]))
        nodes = self._nodes(found)
        pods = self._pods(found)
        taken = {pod["spec"].get("nodeName") for pod in self.cache.owned(PODS, found)}
        for node in nodes:
            if node not in taken:
                pod = pod_of(DAEMON_SETS, found, extra_labels={REVISION: mark})
                pod["spec"]["nodeName"] = node
                await create_pod(self.around, SOURCE, DAEMON_SETS, pod)
        for pod in pods:
            if pod["spec"].get("nodeName") not in nodes:
                await delete_pod(self.around, SOURCE, DAEMON_SETS, pod)
        outdated = [pod for pod in pods if labels(pod).get(REVISION) != mark]
        strategy = found["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete" or not outdated:
            return
        outdated.sort(key=pod_is_ready)
        if not pod_is_ready(outdated[0]) or len(pods) == len(nodes) == self._ready(found):
            await delete_pod(self.around, SOURCE, DAEMON_SETS, outdated[0])

    def _ready(self, found: Manifest) -> int:
        return sum(map(pod_is_ready, self._pods(found)))

    async def _report(self, key: Key) -> None:
        found = self.cache.get(DAEMON_SETS, key)
        if found is None:
            return
        mark = digest(template_for(found["spec"]["template"]))
        pods, ready, wanted = self._pods(found), self._ready(found), len(self._nodes(found))
        await self.around.set_status(
            DAEMON_SETS,
            found,
            {
                "observedGeneration": found["metadata"].get("generation", 1),
                "currentNumberScheduled": len(pods),
                "desiredNumberScheduled": wanted,
                "numberAvailable": ready,
                "numberMisscheduled": 0,
                "numberReady": ready,
                "numberUnavailable": max(0, wanted - ready) or None,
                "updatedNumberScheduled": sum(labels(pod).get(REVISION) == mark for pod in pods),
            },
        )
