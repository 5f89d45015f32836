"""Gateways and routes: accepted, programmed, and under which address; no traffic goes through."""

import zlib

from sandbox.cluster.controllers.controller import Controller
from sandbox.cluster.controllers.gateways.definitions import CLASSES, GATEWAYS, ROUTES
from sandbox.cluster.controllers.kinds import SECRETS, SERVICES, Key, Kind, Manifest
from sandbox.cluster.controllers.objects import condition, leaving, settle_conditions, status

FRONTEND = "alb.networking.azure.io/alb-frontend"


class Gateways(Controller):
    kind = GATEWAYS

    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        super().notice(kind, old, new)
        if kind.resource in (SECRETS.resource, CLASSES.resource, ROUTES.resource):
            for gateway in self.cache.find(GATEWAYS):
                self.queue.add(Key.of(gateway))

    async def reconcile(self, key: Key) -> float | None:
        gateway = self.cache.get(GATEWAYS, key)
        if gateway is None or leaving(gateway):
            return None
        if self.cache.get(CLASSES, Key("", gateway["spec"]["gatewayClassName"])) is None:
            return None  # Nobody's: it waits.
        known = {one["name"]: one for one in status(gateway).get("listeners") or []}
        listeners = [
            self._listener(gateway, listener, known.get(listener["name"], {}))
            for listener in gateway["spec"]["listeners"]
        ]
        wanted = {
            "conditions": [
                condition("Accepted", True, "Accepted"),
                condition("Programmed", True, "Programmed"),
            ],
            "addresses": [address(gateway)],
            "listeners": listeners,
        }
        await self.around.set_status(GATEWAYS, gateway, wanted)
        return None

    def _listener(self, gateway: Manifest, listener: Manifest, before: Manifest) -> Manifest:
        namespace = gateway["metadata"]["namespace"]
        certificates = (listener.get("tls") or {}).get("certificateRefs") or []
        missing = [
            one["name"]
            for one in certificates
            if self.cache.get(SECRETS, Key(one.get("namespace", namespace), one["name"])) is None
        ]
        found = not missing
        refused = f"Secret {', '.join(missing)} is not there"
        conditions = [
            condition("Accepted", True, "Accepted"),
            condition(
                "ResolvedRefs",
                found,
                "ResolvedRefs" if found else "InvalidCertificateRef",
                "" if found else refused,
            ),
            condition("Programmed", found, "Programmed" if found else "Invalid"),
        ]
        return {
            "name": listener["name"],
            "supportedKinds": [{"group": ROUTES.group, "kind": ROUTES.kind}],
            "attachedRoutes": len(self._attached(gateway, listener["name"])),
            "conditions": settle_conditions(before.get("conditions") or [], conditions),
        }

    def _attached(self, gateway: Manifest, listener: str) -> list[Manifest]:
        key = Key.of(gateway)
        return [
            route
            for route in self.cache.find(ROUTES)
            for parent in route["spec"].get("parentRefs") or []
            if Key(parent.get("namespace", route["metadata"]["namespace"]), parent["name"]) == key
            and parent.get("sectionName", listener) == listener
        ]


class Routes(Controller):
    kind = ROUTES

    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        super().notice(kind, old, new)
        if kind.resource in (GATEWAYS.resource, SERVICES.resource):
            for route in self.cache.find(ROUTES):
                self.queue.add(Key.of(route))

    async def reconcile(self, key: Key) -> float | None:
        route = self.cache.get(ROUTES, key)
        if route is None or leaving(route):
            return None
        before = status(route).get("parents") or []
        parents = []
        for parent in route["spec"].get("parentRefs") or []:
            place = Key(parent.get("namespace", key.namespace), parent["name"])
            gateway = self.cache.get(GATEWAYS, place)
            owner = gateway and self.cache.get(
                CLASSES, Key("", gateway["spec"]["gatewayClassName"])
            )
            if owner:
                old: Manifest = next((one for one in before if one["parentRef"] == parent), {})
                parents.append(self._accepted(route, parent, owner, old))
        await self.around.set_status(ROUTES, route, {"parents": parents})
        return None

    def _accepted(
        self, route: Manifest, parent: Manifest, owner: Manifest, before: Manifest
    ) -> Manifest:
        namespace = route["metadata"]["namespace"]
        missing = [
            one["name"]
            for rule in route["spec"].get("rules") or []
            for one in rule.get("backendRefs") or []
            if self.cache.get(SERVICES, Key(one.get("namespace", namespace), one["name"])) is None
        ]
        found = not missing
        conditions = [
            condition("Accepted", True, "Accepted"),
            condition(
                "ResolvedRefs",
                found,
                "ResolvedRefs" if found else "BackendNotFound",
                "" if found else f"Service {', '.join(missing)} is not there",
            ),
        ]
        return {
            "parentRef": parent,
            "controllerName": owner["spec"]["controllerName"],
            "conditions": settle_conditions(before.get("conditions") or [], conditions),
        }


def address(gateway: Manifest) -> Manifest:
    """The host of a frontend; else an address of documentation's range."""
    mark = zlib.crc32(gateway["metadata"]["uid"].encode())
    asked = gateway["spec"].get("addresses") or [{}]
    if asked[0].get("type") == FRONTEND:
        return {"type": "Hostname", "value": f"{mark:08x}.fz12.alb.azure.com"}
    return {"type": "IPAddress", "value": f"203.0.113.{mark % 250 + 4}"}
