"""Deployments: a new ReplicaSet grows while the old ones drain, within surge and unavailability."""

from dataclasses import dataclass

from sandbox.cluster.controllers.controller import Controller
from sandbox.cluster.controllers.kinds import DEPLOYMENTS, PODS, REPLICA_SETS, Key, Kind, Manifest
from sandbox.cluster.controllers.objects import (
    age,
    annotations,
    condition,
    digest,
    leaving,
    pod_is_finished,
    reference,
    share,
    status,
)
from sandbox.cluster.controllers.workloads.pods import template_for

SOURCE = "deployment-controller"
REVISION = "deployment.kubernetes.io/revision"
NOT_INHERITED = {"kubectl.kubernetes.io/last-applied-configuration", REVISION}


def revision(replica_set: Manifest) -> int:
    return int(annotations(replica_set).get(REVISION, 0))


def replicas(manifest: Manifest) -> int:
    return int(manifest["spec"].get("replicas", 1))


def available(replica_set: Manifest) -> int:
    return int(status(replica_set).get("availableReplicas", 0))


@dataclass(frozen=True)
class Bounds:
    """How many pods a rollout may have at most, and how many must stay available."""

    most: int
    least: int

    @classmethod
    def of(cls, deployment: Manifest) -> "Bounds":
        strategy = deployment["spec"].get("strategy") or {}
        wanted = replicas(deployment)
        if strategy.get("type") == "Recreate":
            return cls(wanted, 0)
        rolling = strategy.get("rollingUpdate") or {}
        surge = share(rolling.get("maxSurge", "25%"), wanted, up=True)
        missing = share(rolling.get("maxUnavailable", "25%"), wanted, up=False)
        if surge == missing == 0:
            missing = 1
        return cls(wanted + surge, wanted - missing)


class Deployments(Controller):
    kind = DEPLOYMENTS
    owns = (REPLICA_SETS,)

    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        super().notice(kind, old, new)
        if kind.resource == PODS.resource and new is None and old is not None:
            self._notice_departure(old)

    def _notice_departure(self, pod: Manifest) -> None:
        """A Recreate waits until the last old pod is really gone."""
        for item in pod["metadata"].get("ownerReferences") or []:
            parent = self.cache.by_uid(item["uid"])
            if parent is not None and item["kind"] == REPLICA_SETS.kind:
                super().notice(REPLICA_SETS, None, parent)

    async def reconcile(self, key: Key) -> float | None:
        deployment = self.cache.get(DEPLOYMENTS, key)
        if deployment is None:
            return None
        if not leaving(deployment):
            await self._roll(deployment)
        return await self._report(key)

    # --- Rolling -------------------------------------------------------------------------------

    def _split(self, deployment: Manifest) -> tuple[Manifest | None, list[Manifest]]:
        """The ReplicaSet of the current template, and the others."""
        name = self._name(deployment)
        sets = self.cache.owned(REPLICA_SETS, deployment)
        new = next((item for item in sets if item["metadata"]["name"] == name), None)
        return new, [item for item in sets if item["metadata"]["name"] != name]

    def _name(self, deployment: Manifest) -> str:
        mark = digest(template_for(deployment["spec"]["template"]))
        return f"{deployment['metadata']['name']}-{mark}"

    async def _roll(self, deployment: Manifest) -> None:
        new, old = self._split(deployment)
        paused = deployment["spec"].get("paused", False)
        if new is None and not paused:
            new = await self._create(deployment, old)
        if new is None:
            return
        new = await self._number(deployment, new, old)
        if not paused:
            await self._scale(deployment, new, self._room(deployment, old, replicas(new)))
            await self._drain(deployment, new, old, Bounds.of(deployment))
            await self._tidy(deployment, old)

    async def _create(self, deployment: Manifest, old: list[Manifest]) -> Manifest:
        template = template_for(deployment["spec"]["template"])
        mark = {"pod-template-hash": digest(template)}
        metadata = template.setdefault("metadata", {})
        metadata["labels"] = (metadata.get("labels") or {}) | mark
        selector = deployment["spec"].get("selector") or {}
        matched = (selector.get("matchLabels") or {}) | mark
        number = max((revision(item) for item in old), default=0) + 1
        inherited = {
            name: text
            for name, text in annotations(deployment).items()
            if name not in NOT_INHERITED
        }
        made = {
            "metadata": {
                "name": self._name(deployment),
                "namespace": deployment["metadata"]["namespace"],
                "labels": metadata["labels"],
                "annotations": inherited | {REVISION: str(number)},
                "ownerReferences": [reference(DEPLOYMENTS, deployment)],
            },
            "spec": {
                "replicas": self._room(deployment, old),
                "selector": selector | {"matchLabels": matched},
                "template": template,
            },
        }
        created = await self.around.create(REPLICA_SETS, made)
        if replicas(created):
            self._tell(deployment, created, 0, replicas(created))
        return created

    async def _number(self, deployment: Manifest, new: Manifest, old: list[Manifest]) -> Manifest:
        """Give the current set the highest revision: an undo counts up as well."""
        top = max((revision(item) for item in old), default=0)
        if revision(new) <= top:
            change = {"metadata": {"annotations": {REVISION: str(top + 1)}}}
            new = await self.around.patch(REPLICA_SETS, new, change)
        if annotations(deployment).get(REVISION) != str(revision(new)):
            change = {"metadata": {"annotations": {REVISION: str(revision(new))}}}
            await self.around.patch(DEPLOYMENTS, deployment, change)
        return new

    def _room(self, deployment: Manifest, old: list[Manifest], has: int = 0) -> int:
        """How many replicas the new set may have now."""
        wanted = replicas(deployment)
        if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
            busy = any(
                not pod_is_finished(pod) for item in old for pod in self.cache.owned(PODS, item)
            )
            return has if busy else wanted
        total = sum(replicas(item) for item in old) + has
        return min(wanted, has + max(0, Bounds.of(deployment).most - total))

    async def _drain(
        self, deployment: Manifest, new: Manifest, old: list[Manifest], bounds: Bounds
    ) -> None:
        """Take old pods away, the unready ones first, as long as enough stay available."""
        current = self.cache.get(REPLICA_SETS, Key.of(new)) or new
        sets = [item for item in old if replicas(item)]
        total = replicas(current) + sum(replicas(item) for item in sets)
        pending = max(0, replicas(current) - available(current))
        spare = total - bounds.least - pending
        for item in sorted(sets, key=available):
            dead = min(max(0, replicas(item) - available(item)), max(0, spare))
            if dead:
                item_now = await self._scale(deployment, item, replicas(item) - dead)
                sets[sets.index(item)] = item_now
                spare -= dead
        spare = min(spare, available(current) + sum(map(available, sets)) - bounds.least)
        for item in sorted(sets, key=revision):
            step = min(replicas(item), max(0, spare))
            if step:
                await self._scale(deployment, item, replicas(item) - step)
                spare -= step

    async def _scale(self, deployment: Manifest, replica_set: Manifest, wanted: int) -> Manifest:
        has = replicas(replica_set)
        if has == wanted:
            return replica_set
        change = {"spec": {"replicas": wanted}}
        scaled = await self.around.patch(REPLICA_SETS, replica_set, change)
        self._tell(deployment, replica_set, has, wanted)
        return scaled

    def _tell(self, deployment: Manifest, replica_set: Manifest, has: int, wanted: int) -> None:
        name, verb = replica_set["metadata"]["name"], "up" if wanted > has else "down"
        message = f"Scaled {verb} replica set {name} from {has} to {wanted}"
        self.around.recorder.normal(SOURCE, DEPLOYMENTS, deployment, "ScalingReplicaSet", message)

    async def _tidy(self, deployment: Manifest, old: list[Manifest]) -> None:
        """Forget revisions beyond the history limit."""
        empty = [item for item in old if not replicas(item) and not status(item).get("replicas")]
        limit = deployment["spec"].get("revisionHistoryLimit", 10)
        for item in sorted(empty, key=revision)[: max(0, len(empty) - limit)]:
            await self.around.delete(REPLICA_SETS, item)

    # --- Reporting -----------------------------------------------------------------------------

    async def _report(self, key: Key) -> float | None:
        deployment = self.cache.get(DEPLOYMENTS, key)
        if deployment is None:
            return None
        new, old = self._split(deployment)
        sets = [*old, *([new] if new else [])]
        wanted = replicas(deployment)
        total = sum(status(item).get("replicas", 0) for item in sets)
        updated = status(new).get("replicas", 0) if new else 0
        alive = sum(map(available, sets))
        done = new is not None and available(new) >= wanted == updated == total
        late = None if self._arrived(deployment, new) else self._lateness(deployment)
        enough = alive >= Bounds.of(deployment).least
        await self.around.set_status(
            DEPLOYMENTS,
            deployment,
            {
                "observedGeneration": deployment["metadata"].get("generation", 1),
                "replicas": total,
                "updatedReplicas": updated,
                "readyReplicas": sum(status(item).get("readyReplicas", 0) for item in sets),
                "availableReplicas": alive,
                "unavailableReplicas": max(0, total - alive) or None,
                "conditions": [
                    AVAILABLE if enough else UNAVAILABLE,
                    progress(
                        new,
                        done=done or self._arrived(deployment, new),
                        late=late is not None and late <= 0,
                    ),
                    *failures(new),
                ],
            },
        )
        return None if done or late is None or late <= 0 else late

    def _arrived(self, deployment: Manifest, new: Manifest | None) -> bool:
        """A rollout that was complete stays so; a pod that fails later only costs availability."""
        found = progress(new, done=True, late=False)
        conditions = status(deployment).get("conditions") or []
        return any(found.items() <= item.items() for item in conditions)

    def _lateness(self, deployment: Manifest) -> float | None:
        """Seconds left until the rollout counts as stuck, None if it never does."""
        deadline = deployment["spec"].get("progressDeadlineSeconds")
        seconds = self.latency.scaled(deadline) if deadline else 0
        if not seconds:
            return None
        sets = self.cache.owned(REPLICA_SETS, deployment)
        begun = [item["metadata"]["creationTimestamp"] for item in sets]
        return seconds - age(max(begun)) if begun else None


def failures(new: Manifest | None) -> list[Manifest]:
    """Why the pods of the current set cannot be made, as the set tells it."""
    conditions = (status(new).get("conditions") or []) if new else []
    return [
        condition("ReplicaFailure", True, item["reason"], item["message"])
        for item in conditions
        if item["type"] == "ReplicaFailure" and item["status"] == "True"
    ]


AVAILABLE = condition(
    "Available", True, "MinimumReplicasAvailable", "Deployment has minimum availability."
)
UNAVAILABLE = condition(
    "Available",
    False,
    "MinimumReplicasUnavailable",
    "Deployment does not have minimum availability.",
)


def progress(new: Manifest | None, *, done: bool, late: bool) -> Manifest:
    if new is None:
        return condition("Progressing", True, "DeploymentPaused", "Deployment is paused")
    name = new["metadata"]["name"]
    if done:
        message = f'ReplicaSet "{name}" has successfully progressed.'
        return condition("Progressing", True, "NewReplicaSetAvailable", message)
    if late:
        message = f'ReplicaSet "{name}" has timed out progressing.'
        return condition("Progressing", False, "ProgressDeadlineExceeded", message)
    message = f'ReplicaSet "{name}" is progressing.'
    return condition("Progressing", True, "ReplicaSetUpdated", message)
