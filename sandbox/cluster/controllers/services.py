"""Services: the pods behind them, told as Endpoints and EndpointSlices, and their addresses."""

import zlib
from typing import Any

import httpx

from sandbox.cluster.controllers.client import ApiError
from sandbox.cluster.controllers.controller import Controller
from sandbox.cluster.controllers.kinds import (
    ENDPOINT_SLICES,
    ENDPOINTS,
    PODS,
    SERVICES,
    Key,
    Kind,
    Manifest,
)
from sandbox.cluster.controllers.objects import (
    labels,
    leaving,
    pod_is_finished,
    pod_is_ready,
    reference,
    status,
    suffix,
)

MANAGER = {"endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}


def stands_behind(service: Manifest, pod: Manifest) -> bool:
    selector = service["spec"].get("selector") or {}
    return bool(selector) and selector.items() <= labels(pod).items()


def container_port(pod: Manifest, target: Any) -> int | None:
    """The number behind a targetPort; a name is looked up in the pod."""
    if isinstance(target, int) or str(target).isdigit():
        return int(target)
    for container in pod["spec"].get("containers") or []:
        for port in container.get("ports") or []:
            if port.get("name") == target:
                return int(port["containerPort"])
    return None


class Services(Controller):
    kind = SERVICES
    owns = (ENDPOINT_SLICES,)

    def notice(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        super().notice(kind, old, new)
        if kind.resource == PODS.resource:
            pods = [pod for pod in (old, new) if pod is not None]
            for service in self.cache.find(SERVICES, pods[0]["metadata"]["namespace"]):
                if any(stands_behind(service, pod) for pod in pods):
                    self.queue.add(Key.of(service))
        elif kind.resource == ENDPOINTS.resource and new is None and old is not None:
            self.queue.add(Key.of(old))

    async def reconcile(self, key: Key) -> float | None:
        service = self.cache.get(SERVICES, key)
        if service is None:
            await self._forget(key)
            return None
        if leaving(service):
            return None
        if service["spec"].get("type") == "LoadBalancer":
            await self._address(service)
        if service["spec"].get("selector"):
            pods = [
                pod
                for pod in self.cache.find(PODS, key.namespace)
                if stands_behind(service, pod)
                and status(pod).get("podIP")
                and not leaving(pod)
                and not pod_is_finished(pod)
            ]
            pods.sort(key=lambda pod: str(pod["status"]["podIP"]))
            await self._endpoints(service, pods)
            await self._slice(service, pods)
        return None

    async def _forget(self, key: Key) -> None:
        """Endpoints have no owner; they go by their name."""
        found = self.cache.get(ENDPOINTS, key)
        if found is not None:
            await self.around.delete(ENDPOINTS, found)

    async def _address(self, service: Manifest) -> None:
        """An address of the network for internal load balancers, a documentation one otherwise."""
        internal = "service.beta.kubernetes.io/azure-load-balancer-internal"
        private = (service["metadata"].get("annotations") or {}).get(internal) == "true"
        last = zlib.crc32(service["metadata"]["uid"].encode()) % 250 + 4
        address = f"10.224.0.{last}" if private else f"203.0.113.{last}"
        ingress = [{"ip": address, "ipMode": "VIP"}]
        await self.around.set_status(SERVICES, service, {"loadBalancer": {"ingress": ingress}})

    # --- Endpoints -----------------------------------------------------------------------------

    def _ready(self, service: Manifest, pod: Manifest) -> bool:
        return bool(service["spec"].get("publishNotReadyAddresses")) or pod_is_ready(pod)

    def _ports(self, service: Manifest, pod: Manifest) -> list[Manifest]:
        found = []
        for port in service["spec"].get("ports") or []:
            number = container_port(pod, port.get("targetPort", port["port"]))
            if number is not None:
                protocol = port.get("protocol", "TCP")
                name = {"name": port["name"]} if port.get("name") else {}
                found.append(name | {"port": number, "protocol": protocol})
        return found

    async def _endpoints(self, service: Manifest, pods: list[Manifest]) -> None:
        subset: Manifest = {}
        for pod in pods:
            place = "addresses" if self._ready(service, pod) else "notReadyAddresses"
            subset.setdefault(place, []).append(address(pod))
        if subset:
            subset["ports"] = self._ports(service, pods[0])
        wanted = {
            "metadata": self._metadata(service, service["metadata"]["name"], {}),
            "subsets": [subset] if subset else [],
        }
        await self._put(ENDPOINTS, wanted, "subsets")

    async def _slice(self, service: Manifest, pods: list[Manifest]) -> None:
        slices = self.cache.owned(ENDPOINT_SLICES, service)
        name = service["metadata"]["name"]
        known = slices[0]["metadata"]["name"] if slices else f"{name}-{suffix()}"
        metadata = self._metadata(service, known, MANAGER | {"kubernetes.io/service-name": name})
        metadata["ownerReferences"] = [reference(SERVICES, service)]
        endpoints = [
            {
                "addresses": [pod["status"]["podIP"]],
                "conditions": {
                    "ready": self._ready(service, pod),
                    "serving": pod_is_ready(pod),
                    "terminating": False,
                },
                "nodeName": pod["spec"].get("nodeName"),
                "targetRef": address(pod)["targetRef"],
            }
            for pod in pods
        ]
        ports = [{"name": ""} | port for port in self._ports(service, pods[0])] if pods else []
        wanted = {
            "metadata": metadata,
            "addressType": "IPv4",
            "endpoints": endpoints,
            "ports": ports,
        }
        await self._put(ENDPOINT_SLICES, wanted, "endpoints", "ports")

    def _metadata(self, service: Manifest, name: str, marks: dict[str, str]) -> Manifest:
        namespace = service["metadata"]["namespace"]
        return {"name": name, "namespace": namespace, "labels": labels(service) | marks}

    async def _put(self, kind: Kind, wanted: Manifest, *fields: str) -> None:
        found = self.cache.get(kind, Key.of(wanted))
        if found is None:
            try:
                await self.around.create(kind, wanted)
            except ApiError as error:
                if error.status != httpx.codes.FORBIDDEN:  # The namespace is going away.
                    raise
        elif any((found.get(field) or []) != wanted[field] for field in fields):
            metadata = found["metadata"] | {"labels": wanted["metadata"]["labels"]}
            await self.around.replace(kind, found | wanted | {"metadata": metadata})


def address(pod: Manifest) -> Manifest:
    metadata = pod["metadata"]
    target = {name: metadata[name] for name in ("name", "namespace", "uid")}
    node = {"nodeName": pod["spec"]["nodeName"]} if pod["spec"].get("nodeName") else {}
    return {"ip": pod["status"]["podIP"], **node, "targetRef": {"kind": "Pod"} | target}
