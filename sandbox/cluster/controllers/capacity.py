"""Disks, autoscalers and disruption budgets: what the cluster can bear."""

from sandbox.cluster.controllers.controller import Controller
from sandbox.cluster.controllers.kinds import (
    AUTOSCALERS,
    DEPLOYMENTS,
    DISRUPTION_BUDGETS,
    PODS,
    REPLICA_SETS,
    STATEFUL_SETS,
    VOLUME_CLAIMS,
    Key,
    Kind,
    Manifest,
)
from sandbox.cluster.controllers.objects import (
    condition,
    labels,
    leaving,
    pod_is_finished,
    pod_is_ready,
    selects,
    share,
    status,
)


class VolumeClaims(Controller):
    """Every claim finds a disk at once; what is on it is nobody's business here."""

    kind = VOLUME_CLAIMS

    async def reconcile(self, key: Key) -> float | None:
        claim = self.cache.get(VOLUME_CLAIMS, key)
        if claim is None or leaving(claim):
            return None
        wanted = (claim["spec"].get("resources") or {}).get("requests") or {}
        bound = {
            "phase": "Bound",
            "accessModes": claim["spec"].get("accessModes") or ["ReadWriteOnce"],
            "capacity": wanted,
        }
        await self.around.set_status(VOLUME_CLAIMS, claim, bound)
        return None


class Autoscalers(Controller):
    """Keeps a target between its bounds; the load is always as expected, so it stays there."""

    kind = AUTOSCALERS
    targets = (DEPLOYMENTS, STATEFUL_SETS, REPLICA_SETS)

    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        super().notice(kind, old, new)
        changed = new or old
        if changed is not None and any(kind.resource == item.resource for item in self.targets):
            for scaler in self.cache.find(AUTOSCALERS, changed["metadata"]["namespace"]):
                target = scaler["spec"]["scaleTargetRef"]
                if (target["kind"], target["name"]) == (kind.kind, changed["metadata"]["name"]):
                    self.queue.add(Key.of(scaler))

    async def reconcile(self, key: Key) -> float | None:
        scaler = self.cache.get(AUTOSCALERS, key)
        if scaler is None or leaving(scaler):
            return None
        wanted = scaler["spec"]["scaleTargetRef"]
        kind = next((item for item in self.targets if item.kind == wanted["kind"]), None)
        target = self.cache.get(kind, Key(key.namespace, wanted["name"])) if kind else None
        if kind is None or target is None:
            missing = f'{wanted["kind"].lower()}s "{wanted["name"]}" not found'
            message = f"the HPA controller was unable to get the target's current scale: {missing}"
            failed = condition("AbleToScale", False, "FailedGetScale", message)
            await self.around.set_status(AUTOSCALERS, scaler, {"conditions": [failed]})
            return None
        has = target["spec"].get("replicas", 1)
        bounds = scaler["spec"].get("minReplicas", 1), scaler["spec"]["maxReplicas"]
        desired = min(max(has, bounds[0]), bounds[1]) if has else 0
        if desired != has:
            await self.around.patch(kind, target, {"spec": {"replicas": desired}})
        await self.around.set_status(AUTOSCALERS, scaler, scaled(scaler, target, desired))
        return None


def scaled(scaler: Manifest, target: Manifest, desired: int) -> Manifest:
    steady = "recommended size matches current size"
    return {
        "observedGeneration": scaler["metadata"].get("generation", 1),
        "currentReplicas": status(target).get("replicas", 0),
        "desiredReplicas": desired,
        "conditions": [
            condition("AbleToScale", True, "ReadyForNewScale", steady),
            condition("ScalingActive", True, "ValidMetricFound", "the metric is as expected"),
            condition("ScalingLimited", False, "DesiredWithinRange", "the count is in range"),
        ],
    }


class DisruptionBudgets(Controller):
    kind = DISRUPTION_BUDGETS

    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        super().notice(kind, old, new)
        changed = new or old
        if kind.resource == PODS.resource and changed is not None:
            for budget in self.cache.find(DISRUPTION_BUDGETS, changed["metadata"]["namespace"]):
                if selects(budget["spec"].get("selector"), labels(changed)):
                    self.queue.add(Key.of(budget))

    async def reconcile(self, key: Key) -> float | None:
        budget = self.cache.get(DISRUPTION_BUDGETS, key)
        if budget is None or leaving(budget):
            return None
        pods = [
            pod
            for pod in self.cache.find(PODS, key.namespace)
            if selects(budget["spec"].get("selector"), labels(pod)) and not pod_is_finished(pod)
        ]
        expected, healthy = len(pods), sum(map(pod_is_ready, pods))
        if "maxUnavailable" in budget["spec"]:
            missing = share(budget["spec"]["maxUnavailable"], expected, up=True)
            desired = max(0, expected - missing)
        else:
            desired = share(budget["spec"].get("minAvailable", 1), expected, up=True)
        allowed = max(0, healthy - desired)
        reason = "SufficientPods" if allowed else "InsufficientPods"
        wanted = {
            "observedGeneration": budget["metadata"].get("generation", 1),
            "expectedPods": expected,
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": allowed,
            "conditions": [condition("DisruptionAllowed", allowed > 0, reason)],
        }
        await self.around.set_status(DISRUPTION_BUDGETS, budget, wanted)
        return None
