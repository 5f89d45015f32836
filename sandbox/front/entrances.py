"""What a request passes before its host answers: where it came in, and as whom."""

import asyncio
import base64
import logging
import os
import socket
import struct
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.front import target
from sandbox.front.hosts import Hosts, RefusedError

if TYPE_CHECKING:
    from sandbox.front.listener import Front

LOG = logging.getLogger(__name__)
HANG_UP = {"Connection": "close"}
HOP = (b"proxy-authorization", b"proxy-connection")


class WrongCredentialsError(Exception):
    """Proxy credentials that belong to no network."""


class Place(NamedTuple):
    """Where a caller stands: a network, or the internet; and which of its pods it is, if one."""

    network: str = ""
    pod: str = ""  # `<namespace>/<name>`.


def place(hosts: Hosts, credentials: str) -> Place:
    """The network that `Proxy-Authorization` proves; who is in it says by itself which pod."""
    if not credentials:
        return Place()
    try:
        pair = base64.b64decode(credentials.partition(" ")[2]).decode()
    except ValueError as error:
        raise WrongCredentialsError("The proxy credentials are not readable.") from error
    name, _, token = pair.partition(":")
    network, _, pod = name.partition(";")
    if not hosts.admits(network, token):
        raise WrongCredentialsError("The proxy credentials belong to no network of this sandbox.")
    return Place(network, pod.replace(";", "/"))


class Line:
    """The connection below a request, for whoever must break it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def close(self) -> None:
        """End it once what was said has arrived."""
        self._transport.close()

    def reset(self) -> None:
        """Break it off: the other side sees a reset, not an end."""
        try:
            own = os.dup(self._transport.get_extra_info("socket").fileno())
            with socket.socket(fileno=own) as shared:
                shared.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:  # It is gone already.
            LOG.debug("a connection was gone before it could be reset")
        self._transport.abort()


class Legible:
    """Refuses paths that are no text, for all hosts alike; the log shows that they were asked."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if target.is_text(scope["raw_path"]):
            await self.app(scope, receive, send)
        else:
            await PlainTextResponse("Bad Request - Invalid URL", 400)(scope, receive, send)


class TunnelEntrance:
    """Requests inside a CONNECT tunnel: host and network are those of the tunnel."""

    def __init__(
        self, app: ASGIApp, host: str, network: str, sockets: ASGIApp | None = None
    ) -> None:
        """`sockets` answers websockets, where the host knows them."""
        self.app = app
        self.sockets = sockets
        self.host = host
        self.network = network
        self.line: Line | None = None  # Known after the handshake.
        self.tls = ""  # Which version of it: `TLSv1.3`.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(named) != 1:
            sentence = f"A request names its host once, not {len(named)} times."
            await PlainTextResponse(sentence, 400, HANG_UP)(scope, receive, send)
            return
        if named[0].lower().removesuffix(":443").removesuffix(".") != self.host:
            sentence = f"This tunnel leads to {self.host}, and the request names {named[0]}."
            await PlainTextResponse(sentence, 421)(scope, receive, send)
            return
        place = {"network": self.network, "host": self.host, "line": self.line, "tls": self.tls}
        app = self.sockets if scope["type"] == "websocket" and self.sockets else self.app
        await app({**scope, **place}, receive, send)


class ServiceEntrance:
    """What comes through a tunnel to a service of a cluster, whatever host it names."""

    def __init__(self, front: "Front", app: ASGIApp, destination: str, caller: Place) -> None:
        self.front = front
        self.app = app
        self.destination = destination
        self.caller = caller
        self.line: Line | None = None  # Known once the tunnel is open.

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        located = {
            **scope,
            "destination": self.destination,
            "host": self.destination.partition(":")[0],
            "line": self.line,
            "network": self.caller.network,
            "pod": self.caller.pod,
        }
        app = self.app if scope["type"] == "websocket" else self.front.observe(Legible(self.app))
        await app(located, receive, send)


class PlainEntrance:
    """Requests without TLS: with an absolute address for a host, otherwise for the sandbox."""

    def __init__(self, front: "Front", line: Line) -> None:
        self.front = front
        self.line = line

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope["raw_path"].decode("ascii")
        if raw.startswith("/"):
            await self.front.control(scope, receive, send)
            return
        credentials = dict(scope["headers"]).get(b"proxy-authorization", b"").decode("latin-1")
        try:
            host, named, path = target.absolute(raw)
            network, pod = place(self.front.hosts, credentials)
            app = self.front.hosts.find(host, network)
        except WrongCredentialsError as error:
            await PlainTextResponse(f"{error}\n", 407)(scope, receive, send)
            return
        except RefusedError as error:
            await PlainTextResponse(f"{error}\n", 403)(scope, receive, send)
            return
        headers = [pair for pair in scope["headers"] if pair[0] not in (*HOP, b"host")]
        located = {
            **scope,
            "headers": [(b"host", named.encode()), *headers],
            "path": unquote(path),
            "raw_path": path.encode(),
            "network": network,
            "pod": pod,
            "host": host,
            "line": self.line,
        }
        await self.front.observe(Legible(app))(located, receive, send)
