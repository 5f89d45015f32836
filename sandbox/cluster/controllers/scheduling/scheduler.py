"""The scheduler: binds each pod to the emptiest node that it fits, or says why there is none."""

from collections import Counter
from typing import Any

import httpx

from sandbox.cluster.controllers.client import ApiError
from sandbox.cluster.controllers.controller import Controller, Surroundings
from sandbox.cluster.controllers.kinds import NAMESPACES, NODES, PODS, Key, Kind, Manifest
from sandbox.cluster.controllers.objects import (
    condition,
    labels,
    leaving,
    pod_is_finished,
    status,
)
from sandbox.cluster.controllers.scheduling import fit
from sandbox.cluster.controllers.scheduling.nodes import Nodes

SOURCE = "default-scheduler"
CURABLE = ("Insufficient ", "Too many pods", fit.NO_PORT)  # Removing another pod would help.


class Scheduler(Controller):
    kind = PODS

    def __init__(self, around: Surroundings, nodes: Nodes) -> None:
        super().__init__(around)
        self._nodes = nodes
        self._bound: dict[str, str] = {}  # Pods whose binding the cache has not shown yet.
        self._waiting: set[Key] = set()

    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        if kind.resource == NODES.resource:
            self._again()
        elif kind.resource == PODS.resource:
            found = new or old
            if found is None:
                return
            if new is None or pod_is_finished(new):
                self._bound.pop(found["metadata"]["uid"], None)
                self._again()
            elif new["spec"].get("nodeName"):
                self._bound.pop(new["metadata"]["uid"], None)
            else:
                self.queue.add(Key.of(new))

    def _again(self) -> None:
        """Something changed for those that found no place."""
        for key in self._waiting:
            self.queue.add(key)
        self._waiting.clear()

    async def reconcile(self, key: Key) -> float | None:
        pod = self.cache.get(PODS, key)
        if pod is None or leaving(pod) or pod["spec"].get("nodeName") or self._is_bound(pod):
            return None
        if pod["spec"].get("schedulingGates"):
            return None
        cluster = self._look()
        found = {place.name: fit.objections(pod, place, cluster) for place in cluster.places}
        fitting = [place for place in cluster.places if not found[place.name]]
        if not fitting:
            await self._refuse(pod, found)
            return None
        best = min(fitting, key=lambda place: (place.load(), len(place.pods), place.name))
        await self._bind(pod, best.name)
        return None

    def _is_bound(self, pod: Manifest) -> bool:
        return pod["metadata"]["uid"] in self._bound

    def _look(self) -> fit.Cluster:
        places = {node["metadata"]["name"]: fit.Place(node) for node in self.cache.find(NODES)}
        for pod in self.cache.find(PODS):
            node = pod["spec"].get("nodeName") or self._bound.get(pod["metadata"]["uid"])
            if node in places and not pod_is_finished(pod):
                places[node].pods.append(pod)
        spaces = {each["metadata"]["name"]: labels(each) for each in self.cache.find(NAMESPACES)}
        return fit.Cluster(list(places.values()), spaces)

    async def _bind(self, pod: Manifest, node: str) -> None:
        metadata = pod["metadata"]
        binding: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": metadata["name"], "namespace": metadata["namespace"]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        self._bound[metadata["uid"]] = node
        try:
            await self.around.client.create(PODS, binding, subresource="binding")
        except ApiError as error:
            self._bound.pop(metadata["uid"], None)
            if error.status in (httpx.codes.NOT_FOUND, httpx.codes.CONFLICT):
                return  # The pod is gone, or has a node already.
            raise
        message = f"Successfully assigned {metadata['namespace']}/{metadata['name']} to {node}"
        self.around.recorder.normal(SOURCE, PODS, pod, "Scheduled", message)

    async def _refuse(self, pod: Manifest, found: dict[str, list[str]]) -> None:
        message = unschedulable(list(found.values()))
        self._waiting.add(Key.of(pod))
        known = status(pod).get("conditions") or []
        scheduled = condition("PodScheduled", False, "Unschedulable", message)
        if not any(scheduled.items() <= each.items() for each in known):
            self.around.recorder.warning(SOURCE, PODS, pod, "FailedScheduling", message)
            others = [each for each in known if each["type"] != "PodScheduled"]
            try:
                await self.around.set_status(PODS, pod, {"conditions": [*others, scheduled]})
            except ApiError as error:
                if error.status != httpx.codes.NOT_FOUND:
                    raise
        self._nodes.grow_for(pod)


def unschedulable(objections: list[list[str]]) -> str:
    """`0/2 nodes are available: ...`, as people search for it."""
    if not objections:
        return "no nodes available to schedule pods"
    count = len(objections)
    reasons = Counter(reason for each in objections for reason in each)
    listed = ", ".join(sorted(f"{number} {reason}" for reason, number in reasons.items()))
    curable = sum(all(reason.startswith(CURABLE) for reason in each) for each in objections)
    helps = {
        "No preemption victims found for incoming pod.": curable,
        "Preemption is not helpful for scheduling.": count - curable,
    }
    preemption = ", ".join(f"{number} {text}" for text, number in helps.items() if number)
    start = f"0/{count} nodes are available"
    return f"{start}: {listed}. preemption: {start}: {preemption}"
