"""A container of Envoy: requests go through its filters and on to where its routes lead."""

from collections import Counter
from dataclasses import replace

from sandbox.cluster.controllers.simulated.container import (
    Behaviour,
    Container,
    Outside,
    Partner,
    Question,
    RefusedError,
    Reply,
    Say,
    UnreachableError,
)
from sandbox.cluster.controllers.simulated.envoy import filters
from sandbox.cluster.controllers.simulated.envoy.configuration import (
    BASIC_AUTH,
    LUA,
    Address,
    Configuration,
    Listener,
    Route,
    read,
)

UNHEALTHY = Reply.text("no healthy upstream", 503)
FILE = "envoy.yaml"
NEEDED = ("ANON_KEY", "SERVICE_ROLE_KEY", "DASHBOARD_USERNAME", "DASHBOARD_PASSWORD")


class Envoy(Behaviour):
    image = "envoyproxy/envoy"

    def __init__(self) -> None:
        self._turns: Counter[tuple[str, str]] = Counter()  # Requests by pod and route.

    def refusal(self, container: Container) -> str | None:
        """What the chart's start script and Envoy itself check."""
        missing = [name for name in NEEDED if not container.env.get(name)]
        if missing:
            key = missing[0].lower().replace("_", "-")
            return f"gateway: {key} is empty; look at the gateway's Secret."
        try:
            configuration(container)
        except (ValueError, LookupError) as error:
            return f"error initializing configuration '{FILE}': {error}"
        return None

    def listens(self, container: Container) -> tuple[int, ...]:
        try:
            return tuple(one.port for one in configuration(container).listeners)
        except (ValueError, LookupError):
            return ()

    async def answer(self, container: Container, question: Question, outside: Outside) -> Reply:
        found = configuration(container)
        listener = found.listener(question.port)
        if listener is None:
            return UNHEALTHY
        admitted = self._admit(container, listener, question)
        if isinstance(admitted, Reply):
            return admitted
        route, asked = admitted
        return filters.visible(
            route, question, await self._forward(container, found, route, asked, outside)
        )

    async def converse(
        self, container: Container, question: Question, outside: Outside, say: Say
    ) -> Partner:
        found = configuration(container)
        listener = found.listener(question.port)
        admitted = self._admit(container, listener, question) if listener else UNHEALTHY
        if isinstance(admitted, Reply):
            raise RefusedError(admitted)
        route, asked = admitted
        if not route.clusters:
            raise RefusedError(Reply.text(route.text, route.status))
        try:
            return await outside.converse(*self._target(container, found, route), asked, say)
        except UnreachableError as error:
            raise RefusedError(UNHEALTHY) from error

    def _admit(
        self, container: Container, listener: Listener, question: Question
    ) -> tuple[Route, Question] | Reply:
        """What the filters let through, on which route; or their refusal."""
        plain = filters.normalized(listener, question)
        if isinstance(plain, Reply):
            return plain
        route = next((one for one in listener.routes if one.matches(plain.path)), None)
        if route is None:
            return Reply(404)
        early = filters.preflight(route, plain)
        if early is None and BASIC_AUTH in listener.filters and route.password:
            early = filters.signed_in(listener, plain, container.env)
        if early:
            return early
        role = ""
        if LUA in listener.filters:
            known = filters.recognize(route, plain, container.env)
            if known.refusal:
                return known.refusal
            plain, role = known.question, known.role
        if route.roles and not route.roles.fullmatch(role):
            return filters.DENIED
        return route, passed_on(route, plain)

    async def _forward(
        self,
        container: Container,
        found: Configuration,
        route: Route,
        question: Question,
        outside: Outside,
    ) -> Reply:
        if not route.clusters:
            return Reply.text(route.text, route.status)
        host, port = self._target(container, found, route)
        if not host:
            return administration(question)
        try:
            return await outside.ask(host, port, question)
        except UnreachableError:
            return UNHEALTHY

    def _target(self, container: Container, found: Configuration, route: Route) -> Address:
        """The next in turn, so that each cluster gets its share exactly."""
        key = (container.place, route.path)
        turn, self._turns[key] = self._turns[key], self._turns[key] + 1
        for name, weight in reversed(route.clusters[1:]):
            if (turn + 1) * weight // 100 > turn * weight // 100:
                return found.clusters[name]
        return found.clusters[route.clusters[0][0]]


def configuration(container: Container) -> Configuration:
    """What the container was given; raises `ValueError` or `LookupError` where it is none."""
    texts = [text for path, text in container.files.items() if path.endswith(f"/{FILE}")]
    if not texts:
        raise ValueError("the file does not exist")
    return read(texts[0])


def passed_on(route: Route, question: Question) -> Question:
    headers = {name: value for name, value in question.headers.items() if name not in route.removed}
    headers |= route.added
    if route.host:
        headers["host"] = route.host
    return replace(question, path=route.rewritten(question.path), headers=headers)


def administration(question: Question) -> Reply:
    """What the listeners show of Envoy's own."""
    if question.path == "/ready":
        return Reply.text("LIVE\n")
    if question.path == "/stats/prometheus":
        return Reply.text("# TYPE envoy_server_live gauge\nenvoy_server_live{} 1\n")
    return Reply(404)
