"""
One port for everything: a CONNECT proxy that ends TLS itself, and a plain HTTP proxy.

The proxy credentials say where the caller stands, so they are read here and nowhere else; an
application finds the answer in the ASGI scope, which no header can reach.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Literal, cast

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from sandbox.front import target
from sandbox.front.authority import Authority
from sandbox.front.barrier import Barrier
from sandbox.front.entrances import (
    Legible,
    Line,
    Place,
    PlainEntrance,
    ServiceEntrance,
    TunnelEntrance,
    WrongCredentialsError,
    place,
)
from sandbox.front.hosts import Hosts, RefusedError
from sandbox.front.http import HEAD_LIMIT, HEAD_TIME, Fast
from sandbox.weather import Outage

LOG = logging.getLogger(__name__)
IDLE = 75  # Seconds; clients keep connections, and pause between two polls.
SOCKETS: Literal["websockets-sansio"] = "websockets-sansio"


def is_told(record: logging.LogRecord) -> bool:
    """Uvicorn tells addresses of websockets, with the keys in them, and takes refusals for bugs."""
    refused = "without completing handshake" in str(record.msg)
    return not refused and "WebSocket" not in str(record.msg)


logging.getLogger("uvicorn.error").addFilter(is_told)


def plain(status: int, sentence: str) -> bytes:
    """A whole HTTP answer. Most clients show only the reason phrase, so the sentence is there."""
    text = sentence.encode("ascii", "replace")
    head = f"HTTP/1.1 {status} ".encode() + text
    return (
        head
        + b"\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: "
        + str(len(text) + 1).encode()
        + b"\r\n\r\n"
        + text
        + b"\n"
    )


class Front:
    """Listens on one port of this machine and hands each request to the host it is for."""

    def __init__(
        self,
        hosts: Hosts,
        authority: Authority,
        control: ASGIApp,
        observe: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    ) -> None:
        """`control` answers what is for the sandbox itself; `observe` wraps all other answers."""
        self.hosts = hosts
        self.observe = observe
        self.authority = authority
        self.control = control
        self.state = ServerState()
        self.config = uvicorn.Config(
            app=self._unreached,
            access_log=False,
            http="h11",
            lifespan="off",
            log_config=None,
            timeout_keep_alive=IDLE,
            ws="none",
        )
        self.config.load()
        self.port = 0
        self._server: asyncio.Server | None = None
        self.upgrades: set[asyncio.Task[None]] = set()
        self.barrier = Barrier()

    async def start(self, port: int = 0) -> None:
        """Listen on this machine only; 0 takes any free port."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Reception(self), "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    def hold(self) -> None:
        """Let every request wait from now on, and end connections once they are answered."""
        self.barrier.close()
        for connection in list(self.state.connections):
            connection.shutdown()

    def go_on(self, hosts: Hosts) -> None:
        """Answer what waits, and what comes, from these hosts."""
        self.hosts = hosts
        self.barrier.open()

    async def stop(self) -> None:
        """Refuse new connections and let those under way finish, for a moment."""
        if self._server:
            self._server.close()
        for connection in list(self.state.connections):
            connection.shutdown()
        running = [*self.state.tasks, *self.upgrades]
        if running:
            _, late = await asyncio.wait(running, timeout=0.5)
            for task in late:
                task.cancel()

    def speaker(
        self, app: ASGIApp, kind: type[H11Protocol | Fast] = Fast, *, sockets: bool = False
    ) -> H11Protocol | Fast:
        """A server side of HTTP/1.1 for one connection; only h11 tells an absolute address."""
        config = self.config
        if sockets:
            config = uvicorn.Config(
                app, access_log=False, lifespan="off", log_config=None, ws=SOCKETS
            )
            config.load()
        protocol = kind(config=config, server_state=self.state, app_state={})
        protocol.app = app
        return protocol

    async def _unreached(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        raise RuntimeError("Each connection brings its own application.")


class Reception(asyncio.Protocol):
    """Reads the first head of a connection, and decides which protocol goes on with it."""

    def __init__(self, front: Front) -> None:
        self.front = front
        self.read = b""
        self.transport: asyncio.Transport
        self.patience = asyncio.get_running_loop().call_later(HEAD_TIME, self.late)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # As `create_server` promises.

    def data_received(self, data: bytes) -> None:
        self.read += data
        head, end, rest = self.read.partition(b"\r\n\r\n")
        if len(head) > HEAD_LIMIT:
            self.refuse(431, "The head of the request is too long.")
            return
        if not end:
            return
        self.patience.cancel()
        self.transport.pause_reading()
        self.front.barrier.pass_through(partial(self.decide, head, rest))

    def decide(self, head: bytes, rest: bytes) -> None:
        """Go on as a tunnel, or with this request."""
        if self.transport.is_closing():
            return
        if head.startswith(b"CONNECT "):
            self.connect(head.decode("latin-1"), rest)
        else:
            self.transport.resume_reading()
            entrance = PlainEntrance(self.front, Line(self.transport))
            http = self.front.speaker(entrance, H11Protocol)
            self.transport.set_protocol(http)
            http.connection_made(self.transport)
            http.data_received(self.read)

    def connection_lost(self, _error: Exception | None) -> None:
        self.patience.cancel()

    def late(self) -> None:
        """A head that does not come, or not to its end, holds nothing up."""
        if self.read:
            self.refuse(408, f"The head of the request took longer than {HEAD_TIME:.0f} s.")
        else:
            self.transport.close()

    def connect(self, head: str, rest: bytes) -> None:
        """Open a tunnel; `rest` is what a client sent without waiting for it to be open."""
        line, *headers = head.split("\r\n")
        host, port = target.tunnel(line)
        hosts = self.front.hosts
        door = hosts.doors.get(port)
        if door and rest:
            self.refuse(400, "Wait for the answer to CONNECT before you send more.")
            return
        found = {name.strip().lower(): value.strip() for name, _, value in map(split, headers)}
        try:
            host = target.name_of(host)
            network, pod = place(hosts, found.get("proxy-authorization", ""))
            if port != "443" and door is None:
                if not hosts.serves(host, network):
                    wanted = target.shown(f"{host}:{port}")
                    raise RefusedError(f"The sandbox speaks HTTPS on port 443 only, not {wanted}.")  # noqa: TRY301 - All refusals are told in one place.
                answer = self.plainly(host, port, Place(network, pod), rest)
            else:
                answer = door(host, network) if door else self.https(host, network, rest)
        except WrongCredentialsError as error:
            self.refuse(407, str(error))
        except RefusedError as error:
            LOG.warning("refused: %s", error)
            self.refuse(403, str(error))
        else:
            outage = self.front.hosts.outage(host, network)
            if outage:
                self.go_on(self.fail(outage))
                return
            self.front.barrier.watch(self.transport)
            self.transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            answer(self.transport)

    def https(self, host: str, network: str, rest: bytes) -> Callable[[asyncio.Transport], None]:
        """What most hosts do with a connection: end TLS here and go on in HTTP."""
        app = self.front.hosts.find(host, network)
        sockets = app if app is self.front.hosts.edge(host) else None
        entrance = TunnelEntrance(self.front.observe(Legible(app)), host, network, sockets)
        return lambda _transport: self.go_on(self.upgrade(entrance, host, rest))

    def plainly(
        self, host: str, port: str, caller: Place, rest: bytes
    ) -> Callable[[asyncio.Transport], None]:
        """What services of a cluster do with a connection: speak HTTP, and websockets."""
        app = self.front.hosts.find(host, caller.network)
        entrance = ServiceEntrance(self.front, app, f"{host}:{port}", caller)

        def answer(transport: asyncio.Transport) -> None:
            self.front.barrier.spare(transport)
            entrance.line = Line(transport)
            http = self.front.speaker(entrance, sockets=True)
            transport.set_protocol(http)
            transport.resume_reading()
            http.connection_made(transport)
            if rest:
                http.data_received(rest)

        return answer

    def go_on(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.front.upgrades.add(task)
        task.add_done_callback(self.front.upgrades.discard)

    async def fail(self, outage: Outage) -> None:
        """Let the caller wait as long as a host that cannot be reached makes it wait."""
        LOG.info("the fault %s answers: %s", outage.fault, outage.sentence)
        await asyncio.sleep(outage.seconds)
        self.refuse(outage.status, outage.sentence)

    async def upgrade(self, entrance: "TunnelEntrance", host: str, rest: bytes) -> None:
        loop = asyncio.get_running_loop()
        early = Early()
        context = self.front.authority.context(host)
        start = loop.start_tls(self.transport, early, context, server_side=True)
        handshake = loop.create_task(start)
        if rest:
            await asyncio.sleep(0)  # TLS is in place then, and nothing more has been read.
            loop.call_soon(feed, self.transport, rest)
        try:
            tls = await handshake
        except (ssl.SSLError, OSError) as error:
            LOG.warning("TLS with a client of %s failed: %s. Does it trust ca.pem?", host, error)
            self.transport.abort()
            return
        if tls is None:  # The client left during the handshake.
            return
        self.front.barrier.spare(self.transport)
        entrance.line = Line(tls)
        entrance.tls = tls.get_extra_info("ssl_object").version()
        http = self.front.speaker(entrance, sockets=entrance.sockets is not None)
        tls.set_protocol(http)
        http.connection_made(tls)
        if early.read:
            http.data_received(early.read)
        if early.lost:
            http.connection_lost(None)

    def refuse(self, status: int, sentence: str) -> None:
        self.patience.cancel()
        self.transport.write(plain(status, sentence))
        self.transport.close()


def feed(transport: asyncio.Transport, data: bytes) -> None:
    """Hand bytes to the protocol of a connection, as if they came now."""
    protocol = cast("asyncio.BufferedProtocol", transport.get_protocol())
    while data:
        room = protocol.get_buffer(len(data))
        taken = data[: len(memoryview(room))]
        memoryview(room)[: len(taken)] = taken
        protocol.buffer_updated(len(taken))
        data = data[len(taken) :]


class Early(asyncio.Protocol):
    """Keeps what a quick client sends together with the end of its handshake."""

    def __init__(self) -> None:
        self.read = b""
        self.lost = False

    def data_received(self, data: bytes) -> None:
        self.read += data

    def connection_lost(self, _error: Exception | None) -> None:
        self.lost = True


def split(header: str) -> tuple[str, str, str]:
    return header.partition(":")
