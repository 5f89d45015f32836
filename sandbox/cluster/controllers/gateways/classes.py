"""Who brings Gateway API into the cluster: AKS's own add-on, or the controller of a balancer."""

import httpx

from sandbox.cluster.controllers.client import ApiError
from sandbox.cluster.controllers.controller import Worker
from sandbox.cluster.controllers.gateways.definitions import ALB, CLASSES, GROUP, definitions
from sandbox.cluster.controllers.kinds import CUSTOM_RESOURCES, PODS, Key, Kind, Manifest
from sandbox.cluster.controllers.objects import condition
from sandbox.cluster.controllers.simulated.container import repository
from sandbox.cluster.controllers.simulated.images import is_image

ROUTING, BALANCER = "approuting-istio", "azure-alb-external"
CONTROLLERS = {
    ROUTING: "istio.io/gateway-controller",
    BALANCER: "alb.networking.azure.io/alb-controller",
}
KINDS = {ROUTING: (GROUP,), BALANCER: (GROUP, ALB)}  # What each class comes with.
IMAGE = "application-lb/images/alb-controller"


class Classes(Worker[str]):
    """Brings a class and its kinds; what was brought stays, for objects may hang on it."""

    def start(self) -> None:
        super().start()
        self.refresh()

    def refresh(self) -> None:
        """The cloud's wishes for the cluster have changed."""
        self.queue.add(ROUTING)

    def notice(self, kind: Kind, _old: Manifest | None, new: Manifest | None) -> None:
        if kind.resource == PODS.resource and new is not None and is_controller(new):
            self.queue.add(BALANCER)

    async def reconcile(self, key: str) -> float | None:
        if key == ROUTING and not self.around.settings.gateways():
            return None
        for group in KINDS[key]:
            for wanted in definitions(group):
                await self._ensure(CUSTOM_RESOURCES, wanted)
        made = {"metadata": {"name": key}, "spec": {"controllerName": CONTROLLERS[key]}}
        found = await self._ensure(CLASSES, made)
        accepted = condition("Accepted", True, "Accepted", "Valid GatewayClass")
        await self.around.set_status(CLASSES, found, {"conditions": [accepted]})
        return None

    async def _ensure(self, kind: Kind, wanted: Manifest) -> Manifest:
        name = Key.of(wanted).name
        found = self.cache.get(kind, Key("", name)) or await self.around.client.get(kind, "", name)
        if found is not None:
            return found
        try:
            return await self.around.create(kind, wanted)
        except ApiError as error:
            if error.status != httpx.codes.CONFLICT:
                raise
            return await self._ensure(kind, wanted)


def is_controller(pod: Manifest) -> bool:
    """Its init containers bring the kinds, before it is ready."""
    containers = pod["spec"].get("containers") or []
    return any(is_image(repository(one.get("image", "")), IMAGE) for one in containers)
