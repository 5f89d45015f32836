"""The cluster's network: from a host name to the container that answers."""

import asyncio
import dataclasses
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from sandbox.cluster.controllers.cache import Cache
from sandbox.cluster.controllers.kinds import PODS, SERVICES, Key, Manifest
from sandbox.cluster.controllers.kubelet.pods import Kubelet
from sandbox.cluster.controllers.objects import pod_is_ready, status
from sandbox.cluster.controllers.policies import Policies
from sandbox.cluster.controllers.services import container_port, stands_behind
from sandbox.cluster.controllers.simulated.container import (
    Container,
    Question,
    Reply,
    repository,
    unsupported,
)
from sandbox.cluster.controllers.simulated.gateway import Gateway
from sandbox.cluster.controllers.simulated.images import behaviour, is_image

DOMAINS = (".svc.cluster.local", ".svc")
# A pod says who it is: for its short host names, and for network policies.
NAMESPACE_HEADER, POD_HEADER = "x-pod-namespace", "x-pod-name"
SILENCE = 127.0  # Seconds after which Linux gives up a connection that nobody answers.
HOP_BY_HOP = {"connection", "keep-alive", "proxy-authorization", "proxy-connection"}


class Target(NamedTuple):
    """A container and the port on which it is asked."""

    container: Container
    port: int


class UnreachableError(Exception):
    """Nobody answers at this address; the message says why."""


class BlockedError(UnreachableError):
    """A network policy swallows the packets: the caller waits until it gives up."""


class Network:
    """Answers HTTP as the pods behind a Service would, from the live state of the cluster."""

    def __init__(self, cache: Cache, kubelet: Kubelet) -> None:
        self.cache = cache
        self.kubelet = kubelet
        self.policies = Policies(cache)

    async def answer(self, request: Request) -> Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        question = Question(
            request.method,
            request.url.path,
            request.url.query,
            {name: value for name, value in headers.items() if name not in HOP_BY_HOP},
            await request.body(),
        )
        host, _, port = headers.get("host", "").partition(":")
        namespace = headers.get(NAMESPACE_HEADER, "")
        source = self.cache.get(PODS, Key(namespace, headers.get(POD_HEADER, "")))
        try:
            target = self.resolve(host, int(port or 80), namespace, source)
        except BlockedError as error:
            await asyncio.sleep(self.kubelet.latency.scaled(SILENCE))
            return Response(str(error), status_code=504, media_type="text/plain")
        except UnreachableError as error:
            return Response(str(error), status_code=503, media_type="text/plain")
        reply = self.ask(target.container, question, target.port)
        return Response(reply.body, reply.status, dict(reply.headers))

    # --- Names ---------------------------------------------------------------------------------

    def resolves(self, host: str) -> bool:
        """A name without a dot is looked for nowhere else; with one, it is that of a Service."""
        return "." not in host or self._service(host, "") is not None

    def resolve(
        self, host: str, port: int, namespace: str = "", source: Manifest | None = None
    ) -> Target:
        """Find a ready container behind a Service, or say why nobody answers the source."""
        if not self.policies.resolves_names(source):
            raise UnreachableError(
                f"Could not resolve host: {host} (network policies keep the pod from asking)"
            )
        service = self._service(host, namespace)
        if service is None:
            raise UnreachableError(f"Could not resolve host: {host}")
        ports = service["spec"].get("ports") or []
        wanted = next((item for item in ports if item["port"] == port), None)
        if wanted is None:
            raise UnreachableError(f"{host} has no port {port}: the connection timed out.")
        target = wanted.get("targetPort", port)
        for pod in self._ready_pods(service):
            number = container_port(pod, target)
            container = self._listening(pod, number) if number else None
            if container is not None and number:
                if why := self.policies.blocks(source, pod, number):
                    raise BlockedError(f"{host}:{port} timed out: {why}.")
                return Target(container, number)
        raise UnreachableError(f"{host}:{port} refused the connection: no ready pod listens there.")

    def _service(self, host: str, namespace: str) -> Manifest | None:
        for domain in DOMAINS:
            host = host.removesuffix(domain)
        name, _, space = host.partition(".")
        if space or namespace:
            return self.cache.get(SERVICES, Key(space or namespace, name))
        found = [item for item in self.cache.find(SERVICES) if item["metadata"]["name"] == name]
        return found[0] if len(found) == 1 else None

    def _ready_pods(self, service: Manifest) -> list[Manifest]:
        pods = self.cache.find(PODS, service["metadata"]["namespace"])
        early = service["spec"].get("publishNotReadyAddresses", False)
        return [
            pod
            for pod in pods
            if stands_behind(service, pod)
            and (pod_is_ready(pod) or (early and status(pod).get("podIP")))
        ]

    def _listening(self, pod: Manifest, port: int) -> Container | None:
        """The container of a pod that serves a port; one that is not simulated serves its own."""
        for spec in pod["spec"]["containers"]:
            container = self.kubelet.container(pod, spec["name"])
            if container is not None:
                found = behaviour(container.image)
                if port in (found.listens(container) if found else container.ports):
                    return container
        return None

    # --- Answers -------------------------------------------------------------------------------

    def ask(self, container: Container, question: Question, port: int) -> Reply:
        found = behaviour(container.image)
        asked = dataclasses.replace(question, port=port)
        if found is None:
            return unsupported(container.image, asked)
        if isinstance(found, Gateway) and port in container.ports:
            return found.route(
                container,
                asked,
                lambda image: self._upstream(container, image),
                self._forward,
            )
        return found.answer(container, asked)

    def _upstream(self, gateway: Container, image: str) -> Container | None:
        """A ready container of an image that a Service leads to, and the gateway may reach."""
        source = self.cache.get(PODS, Key(gateway.namespace, gateway.pod))
        for service in self.cache.find(SERVICES, gateway.namespace):
            for pod in self._ready_pods(service):
                for spec in pod["spec"]["containers"]:
                    container = self.kubelet.container(pod, spec["name"])
                    if container and is_image(repository(container.image), image):
                        blocked = self.policies.blocks(source, pod, self._port(container))
                        return None if blocked else container
        return None

    def _port(self, container: Container) -> int:
        """The port on which a simulated container serves its clients."""
        found = behaviour(container.image)
        return found.listens(container)[0] if found else next(iter(container.ports), 0)

    def _forward(self, container: Container, question: Question) -> Reply:
        found = behaviour(container.image)
        if found is None:
            return unsupported(container.image, question)
        return self.ask(container, question, found.listens(container)[0])
