"""StatefulSets: pods with names and disks of their own, made in order, renewed from the last."""

from sandbox.cluster.controllers.controller import Controller
from sandbox.cluster.controllers.kinds import PODS, STATEFUL_SETS, VOLUME_CLAIMS, Key, Manifest
from sandbox.cluster.controllers.objects import digest, labels, leaving, pod_is_ready, selects
from sandbox.cluster.controllers.workloads.pods import create_pod, delete_pod, pod_of, template_for

SOURCE = "statefulset-controller"
REVISION = "controller-revision-hash"


class StatefulSets(Controller):
    kind = STATEFUL_SETS
    owns = (PODS,)

    async def reconcile(self, key: Key) -> float | None:
        found = self.cache.get(STATEFUL_SETS, key)
        if found is None:
            return None
        if not leaving(found):
            await self._step(found)
        await self._report(key)
        return None

    def _revision(self, found: Manifest) -> str:
        mark = digest(template_for(found["spec"]["template"]))
        return f"{found['metadata']['name']}-{mark}"

    def _names(self, found: Manifest) -> list[str]:
        first = (found["spec"].get("ordinals") or {}).get("start", 0)
        wanted = range(first, first + found["spec"].get("replicas", 1))
        return [f"{found['metadata']['name']}-{ordinal}" for ordinal in wanted]

    async def _step(self, found: Manifest) -> None:
        """Do what may be done now; with OrderedReady each pod waits for the one before it."""
        pods = {pod["metadata"]["name"]: pod for pod in self.cache.owned(PODS, found)}
        names = self._names(found)
        parallel = found["spec"].get("podManagementPolicy") == "Parallel"
        for name in names:
            if name not in pods:
                await self._create(found, name)
            if not parallel and not (name in pods and pod_is_ready(pods[name])):
                return
        for name in sorted(pods.keys() - set(names), key=ordinal, reverse=True):
            if not leaving(pods[name]):
                await delete_pod(self.around, SOURCE, STATEFUL_SETS, pods[name])
            if not parallel:
                return
        await self._renew(found, [pods[name] for name in names if name in pods])

    async def _renew(self, found: Manifest, pods: list[Manifest]) -> None:
        """Replace one outdated pod, the last first, down to the partition."""
        strategy = found["spec"].get("updateStrategy") or {}
        if strategy.get("type") == "OnDelete" or not all(map(pod_is_ready, pods)):
            return
        partition = (strategy.get("rollingUpdate") or {}).get("partition", 0)
        current = self._revision(found)
        for pod in reversed(pods):
            outdated = labels(pod).get(REVISION) != current
            if outdated and ordinal(pod["metadata"]["name"]) >= partition:
                await delete_pod(self.around, SOURCE, STATEFUL_SETS, pod)
                return

    async def _create(self, found: Manifest, name: str) -> None:
        extra = {
            REVISION: self._revision(found),
            "statefulset.kubernetes.io/pod-name": name,
            "apps.kubernetes.io/pod-index": str(ordinal(name)),
        }
        pod = pod_of(STATEFUL_SETS, found, name, extra)
        pod["spec"] |= {"hostname": name, "subdomain": found["spec"].get("serviceName", "")}
        for claim in found["spec"].get("volumeClaimTemplates") or []:
            template = claim["metadata"]["name"]
            await self._claim(found, claim, f"{template}-{name}")
            volume = {
                "name": template,
                "persistentVolumeClaim": {"claimName": f"{template}-{name}"},
            }
            others = [item for item in pod["spec"].get("volumes") or [] if item["name"] != template]
            pod["spec"]["volumes"] = [*others, volume]
        await create_pod(self.around, SOURCE, STATEFUL_SETS, pod)

    async def _claim(self, found: Manifest, claim: Manifest, name: str) -> None:
        """Make the disk of a pod unless an earlier pod of this name left it."""
        namespace = found["metadata"]["namespace"]
        if self.cache.get(VOLUME_CLAIMS, Key(namespace, name)) is None:
            matched = (found["spec"].get("selector") or {}).get("matchLabels") or {}
            metadata = claim["metadata"] | {"name": name, "namespace": namespace}
            metadata["labels"] = (metadata.get("labels") or {}) | matched
            await self.around.create(
                VOLUME_CLAIMS, {"metadata": metadata, "spec": claim.get("spec", {})}
            )

    async def _report(self, key: Key) -> None:
        found = self.cache.get(STATEFUL_SETS, key)
        if found is None:
            return
        pods = [pod for pod in self.cache.owned(PODS, found) if not leaving(pod)]
        current = self._revision(found)
        updated = sum(selects({"matchLabels": {REVISION: current}}, labels(pod)) for pod in pods)
        ready = sum(map(pod_is_ready, pods))
        whole = updated == len(pods) == found["spec"].get("replicas", 1)
        before = (found.get("status") or {}).get("currentRevision", current)
        await self.around.set_status(
            STATEFUL_SETS,
            found,
            {
                "observedGeneration": found["metadata"].get("generation", 1),
                "replicas": len(pods),
                "readyReplicas": ready,
                "availableReplicas": ready,
                "currentReplicas": updated if whole else len(pods) - updated,
                "updatedReplicas": updated,
                "currentRevision": current if whole else before,
                "updateRevision": current,
                "collisionCount": 0,
            },
        )


def ordinal(name: str) -> int:
    return int(name.rpartition("-")[2])
