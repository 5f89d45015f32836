"""Faults of requests: in front of every simulated host, where clients cannot tell them from it."""

import asyncio
import base64
import json
import math
import re
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.weather.effects import Answer, Effect
from sandbox.weather.faults import Seen
from sandbox.weather.weather import Line, Weather

SUBSCRIPTION = re.compile(r"/subscriptions/([^/]+)", re.IGNORECASE)


class Exposed:
    """An application in the weather; its scope tells as `fault` which one answered."""

    def __init__(self, inner: ASGIApp, weather: Weather) -> None:
        self.inner = inner
        self.weather = weather

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        line: Line = scope["line"]
        place = (scope["host"], scope["network"], line)
        self.weather.lines.add(place)
        try:
            effect = await self.meet(scope) if self.weather.bad else None
            if effect is None:
                await self.inner(scope, receive, self.watched(scope, send))
            elif effect.answer:
                await answer(effect.answer, scope, self.weather)(scope, receive, send)
            elif effect.reset == "answer":
                await Cut(send, line.reset, 0).run(self.inner, scope, receive)
            elif effect.truncate is not None:
                cut = Cut(send, line.close, effect.truncate, head=True)
                await cut.run(self.inner, scope, receive)
            else:
                await end(line.reset, receive)
        finally:
            self.weather.lines.discard(place)

    async def meet(self, scope: Scope) -> Effect | None:
        """Wait as long as faults say, and return what happens in place of the answer."""
        outage = self.weather.outage(scope["host"], scope["network"])
        if outage:  # The connection is older than the outage, and breaks now.
            scope["fault"] = outage.fault
            return Effect(reset="request")
        seen: Seen = {name: scope[name] for name in ("method", "host", "path", "network")}
        seen["principal"] = self.weather.principal(*sender(scope))
        for one in self.weather.struck("request", seen):
            one.hits += 1
            scope["fault"] = one.id
            if one.effect.delay:
                await asyncio.sleep(one.effect.delay)
            if one.effect.name != "delay":
                return one.effect
        return None

    def watched(self, scope: Scope, send: Send) -> Send:
        """Let a command die of its own request, before it reads the answer."""
        evictions = self.weather.evictions
        if not evictions.waiting:
            return send

        async def watch(message: Message) -> None:
            if message["type"] == "http.response.start":
                fault = await evictions.asked(scope["method"], scope["path"], scope["network"])
                if fault:
                    scope["fault"] = fault
            await send(message)

        return watch


def sender(scope: Scope) -> list[str]:
    """Who sends a request, by its token; whether that is good, the service says."""
    header = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    found: Any = {}
    with suppress(ValueError, RecursionError):
        for part in header.partition(" ")[2].split(".")[1:2]:
            found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    if not isinstance(found, dict):
        return []
    return [str(found[name]) for name in ("oid", "appid", "sub") if found.get(name)]


def answer(given: Answer, scope: Scope, weather: Weather) -> Response:
    """What a fault answers in place of the service."""
    headers = {"x-ms-request-id": str(uuid.uuid4()), **given.headers}
    wait = max(1, math.ceil(weather.latency.scaled(given.retry_after or 0)))
    if given.retry_after is not None:
        headers["Retry-After"] = str(wait)
    if isinstance(given.body, str):
        return PlainTextResponse(given.body, given.status, headers)
    if given.body is not None:
        return JSONResponse(given.body, given.status, headers)
    subscription = SUBSCRIPTION.match(scope["path"])
    error: dict[str, Any] = {
        "code": given.code or given.phrase.replace(" ", ""),
        "message": given.message.replace("{subscription}", subscription[1] if subscription else "")
        .replace("{principal}", next(iter(sender(scope)), ""))
        .replace("{retry_after}", str(wait)),
    }
    if given.inner:
        error["innererror"] = {"code": given.inner}
    return JSONResponse({"error": error} if given.wrapped else error, given.status, headers)


async def end(how: Callable[[], None], receive: Receive) -> None:
    """End a connection, and wait until the server has noticed."""
    how()
    while (await receive())["type"] != "http.disconnect":
        pass


class Cut:
    """Lets an application work, and ends the connection inside of its answer."""

    def __init__(
        self, send: Send, how: Callable[[], None], left: int, *, head: bool = False
    ) -> None:
        """So many bytes of the body still arrive; without them the head may not, either."""
        self._send = send
        self._how = how
        self._left = left
        self._head = head

    async def run(self, app: ASGIApp, scope: Scope, receive: Receive) -> None:
        await app(scope, receive, self.send)
        await end(self._how, receive)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if self._head:
                await self._send(message)
            return
        body = message.get("body", b"")[: self._left]
        self._left -= len(body)
        if self._head and body:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})
        if not self._left:  # Of a stream, nobody would see the end.
            self._how()
