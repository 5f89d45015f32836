"""The ways to the services of a cluster: from inside of its network, and by its edge."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from sandbox.cluster import Cluster


class Services:
    """HTTP and websockets to whatever host of the cluster a caller names."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self.cluster.converse(WebSocket(scope, receive, send))
            return
        response = await self.cluster.answer(Request(scope, receive))
        await response(scope, receive, send)


class Edge:
    """The balancer before a cluster: what comes for a published name goes where its route leads."""

    def __init__(self, services: Services) -> None:
        self.services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        backend = self.services.cluster.published(scope["host"])
        if not backend:
            await PlainTextResponse("no healthy upstream", 503)(scope, receive, send)
            return
        await self.services({**scope, "destination": backend, "pod": ""}, receive, send)
