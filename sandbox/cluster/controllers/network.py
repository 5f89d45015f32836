"""The cluster's network: from a host name to the container that answers."""

import asyncio
import dataclasses
from collections import Counter
from functools import partial
from typing import NamedTuple

from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from sandbox.cluster.controllers.cache import Cache
from sandbox.cluster.controllers.kinds import PODS, SERVICES, Key, Manifest
from sandbox.cluster.controllers.kubelet.pods import Kubelet
from sandbox.cluster.controllers.lines import Lines
from sandbox.cluster.controllers.logins import Logins
from sandbox.cluster.controllers.objects import pod_is_ready, status
from sandbox.cluster.controllers.policies import Policies
from sandbox.cluster.controllers.services import container_port, stands_behind
from sandbox.cluster.controllers.simulated.container import (
    Container,
    Partner,
    Question,
    RefusedError,
    Reply,
    Say,
    UnreachableError,
    unsupported,
)
from sandbox.cluster.controllers.simulated.images import behaviour
from sandbox.cluster.controllers.simulated.world import World
from sandbox.cluster.login import Login

DOMAINS = (".svc.cluster.local", ".svc")
SILENCE = 127.0  # Seconds after which Linux gives up a connection that nobody answers.
QUESTIONS = ("GET", "HEAD", "OPTIONS")
HOP_BY_HOP = {"connection", "keep-alive", "proxy-authorization", "proxy-connection"}


class Target(NamedTuple):
    """A container and the port on which it is asked."""

    container: Container
    port: int


class BlockedError(UnreachableError):
    """A network policy swallows the packets: the caller waits until it gives up."""


class Network:
    """Answers as the pods behind a Service would, from the live state of the cluster."""

    def __init__(self, cache: Cache, kubelet: Kubelet, world: World) -> None:
        self.cache = cache
        self.kubelet = kubelet
        self.policies = Policies(cache)
        self.world = world
        self.logins = Logins(kubelet.around.settings.sign_in)
        self.lines = Lines()
        self._turns: Counter[Key] = Counter()  # Connections so far, by Service.
        kubelet.outside = partial(Around, self)
        kubelet.ended = self.lines.hang_up

    async def answer(self, request: Request) -> Response:
        """Answer HTTP to a caller inside the cluster."""
        question = asked(request, await request.body())
        try:
            target = self._target(request)
        except BlockedError as error:
            await asyncio.sleep(self.kubelet.latency.scaled(SILENCE))
            return Response(str(error), status_code=504, media_type="text/plain")
        except UnreachableError as error:
            return Response(str(error), status_code=503, media_type="text/plain")
        reply = await self.ask(target, question)
        return Response(reply.body, reply.status, dict(reply.headers))

    async def converse(self, socket: WebSocket) -> None:
        """Carry a websocket of a caller inside the cluster, until one of the two ends it."""
        said: asyncio.Queue[str | None] = asyncio.Queue()
        try:
            target = self._target(socket)
            partner = await self.open(target, asked(socket), said.put_nowait)
        except UnreachableError as error:
            await socket.send_denial_response(Response(str(error), 503, media_type="text/plain"))
        except RefusedError as error:
            reply = error.reply
            answer = Response(reply.body, reply.status, dict(reply.headers))
            await socket.send_denial_response(answer)
        else:
            await socket.accept()
            await carry(socket, partner, said)

    def _target(self, connection: HTTPConnection) -> Target:
        """Where a connection leads: what it was opened to, else the host that a request names."""
        named = connection.scope.get("destination") or connection.headers.get("host", "")
        host, _, port = named.partition(":")
        namespace, _, pod = connection.scope.get("pod", "").partition("/")
        source = self.cache.get(PODS, Key(namespace, pod))
        return self.resolve(host, int(port or 80), namespace, source)

    # --- Names ---------------------------------------------------------------------------------

    def resolves(self, host: str) -> bool:
        """A name without a dot is looked for nowhere else; with one, it is that of a Service."""
        return "." not in host or self._service(host, "") is not None

    def resolve(
        self, host: str, port: int, namespace: str = "", source: Manifest | None = None
    ) -> Target:
        """One of the ready containers behind a Service, or why nobody answers the source."""
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
        for pod in self._in_turn(service):
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

    def _in_turn(self, service: Manifest) -> list[Manifest]:
        """The ready pods, another one first each time: connections go round."""
        pods = sorted(self._ready_pods(service), key=lambda pod: str(pod["metadata"]["name"]))
        key = Key.of(service)
        self._turns[key] += 1
        start = self._turns[key] % max(1, len(pods))
        return pods[start:] + pods[:start]

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

    async def ask(self, target: Target, question: Question) -> Reply:
        found = behaviour(target.container.image)
        if found is None:
            return unsupported(target.container.image, question)
        question = dataclasses.replace(question, port=target.port)
        reply = await found.answer(target.container, question, Around(self, target.container))
        if question.method not in QUESTIONS:
            self.world.changes += 1
        return reply

    async def open(self, target: Target, question: Question, say: Say) -> Partner:
        found = behaviour(target.container.image)
        if found is None:
            raise RefusedError(unsupported(target.container.image, question))
        question = dataclasses.replace(question, port=target.port)
        around = Around(self, target.container)
        partner = await found.converse(target.container, question, around, say)
        return self.lines.hold(target.container.place, partner, say)


class Around:
    """The network as one container finds it."""

    def __init__(self, network: Network, container: Container) -> None:
        self._network = network
        self._container = container
        self.world = network.world

    async def ask(self, host: str, port: int, question: Question) -> Reply:
        return await self._network.ask(self._resolve(host, port), question)

    async def converse(self, host: str, port: int, question: Question, say: Say) -> Partner:
        return await self._network.open(self._resolve(host, port), question, say)

    async def refused(self, login: Login | None) -> str:
        return await self._network.logins.refusal(self._container.place, login) if login else ""

    def _resolve(self, host: str, port: int) -> Target:
        one = self._container
        source = self._network.cache.get(PODS, Key(one.namespace, one.pod))
        return self._network.resolve(host, port, one.namespace, source)


def asked(connection: HTTPConnection, body: bytes = b"") -> Question:
    """The request as containers see it: its path is still encoded."""
    headers = {name.lower(): value for name, value in connection.headers.items()}
    return Question(
        connection.scope.get("method", "GET"),
        connection.scope["raw_path"].decode("ascii").partition("?")[0],
        connection.scope["query_string"].decode("latin-1"),
        {name: value for name, value in headers.items() if name not in HOP_BY_HOP},
        body,
    )


async def carry(socket: WebSocket, partner: Partner, said: "asyncio.Queue[str | None]") -> None:
    """Bring texts to and fro."""

    async def speak() -> None:
        while (text := await said.get()) is not None:
            await socket.send_text(text)
        await socket.close()

    speaking = asyncio.create_task(speak())
    try:
        async for text in socket.iter_text():
            partner.hear(text)
    finally:
        partner.leave()
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
