"""The way in: PostgreSQL's start of a session, TLS, and then bytes in both directions."""

import asyncio
import logging
import ssl
import struct
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.engines.postgresql.client import message
from sandbox.engines.postgresql.errors import EngineError
from sandbox.engines.postgresql.statements import Statements

LOG = logging.getLogger(__name__)
START = struct.Struct("!II")  # Length and code of the first packets, which have no letter.
TLS, ENCRYPTION, CANCEL = 80877103, 80877104, 80877102
CANCEL_LENGTH = 16
LONGEST = 10_000  # Bytes that PostgreSQL itself takes for a start.
NOT_ALLOWED, NOT_NOW = "28000", "57P03"


@dataclass(frozen=True)
class Visit:
    """A caller before the door of one server."""

    host: str
    address: str
    """Of the caller, as the server sees it."""
    context: ssl.SSLContext
    encrypted: bool
    """Whether TLS is demanded."""
    allowed: bool
    """Whether a firewall lets this address in."""
    open: Callable[[], Awaitable[Path]]
    """The socket of the server, which may have to start first."""


def enter(transport: asyncio.Transport, visit: Visit) -> None:
    """Take over a connection."""
    doorway = Doorway(visit)
    transport.set_protocol(doorway)
    doorway.attach(transport)
    transport.resume_reading()


class Doorway(asyncio.Protocol):
    """Speaks until it is clear who wants what; then lets a relay go on."""

    def __init__(self, visit: Visit, *, secure: bool = False) -> None:
        self.visit = visit
        self.secure = secure
        self.read = b""
        self.transport: asyncio.Transport | None = None  # None: the handshake is under way.
        self._task: asyncio.Task[None] | None = None

    def attach(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self._step()

    def data_received(self, data: bytes) -> None:
        self.read += data
        self._step()

    def connection_lost(self, _error: Exception | None) -> None:
        self.transport = None

    def _step(self) -> None:
        """Go on with what was read, packet by packet."""
        while self.transport and self._task is None and len(self.read) >= START.size:
            length, code = START.unpack_from(self.read)
            if not START.size <= length <= LONGEST:
                LOG.info("a client of %s does not speak PostgreSQL", self.visit.host)
                self._leave()
            elif len(self.read) < length:
                return
            elif code == ENCRYPTION:
                self.read = self.read[length:]
                self.transport.write(b"N")
            elif code == TLS:
                self._begin_tls(self.transport, length)
            else:
                packet, self.read = self.read[:length], self.read[length:]
                self._go_on(self._pass(self.transport, packet, cancel=code == CANCEL))

    def _leave(self) -> None:
        """Break off: nothing that comes now is looked at."""
        if self.transport:
            self.transport.abort()
        self.transport = None

    def _begin_tls(self, transport: asyncio.Transport, length: int) -> None:
        if self.secure or len(self.read) > length:  # What came unencrypted must not count as TLS.
            self._leave()
            return
        self.read = b""
        transport.write(b"S")
        transport.pause_reading()
        self._go_on(self._secure(transport))

    def _go_on(self, work: Coroutine[Any, Any, None]) -> None:
        self._task = asyncio.get_running_loop().create_task(work)

    async def _secure(self, transport: asyncio.Transport) -> None:
        inner = Doorway(self.visit, secure=True)
        loop = asyncio.get_running_loop()
        try:
            tls = await loop.start_tls(transport, inner, self.visit.context, server_side=True)
        except (ssl.SSLError, OSError) as error:
            LOG.warning("TLS with a client of %s failed: %s", self.visit.host, error)
            transport.abort()
            return
        if tls is not None:  # Otherwise the client left during the handshake.
            inner.attach(tls)

    async def _pass(self, transport: asyncio.Transport, packet: bytes, *, cancel: bool) -> None:
        if cancel and not self.visit.allowed:  # Nothing is ever answered to a cancellation.
            transport.close()
            return
        refusal = "" if cancel else self._refusal(packet)
        if refusal:
            self._fail(transport, NOT_ALLOWED, refusal)
            return
        transport.pause_reading()
        loop = asyncio.get_running_loop()
        try:
            socket = await self.visit.open()
            server, _ = await loop.create_unix_connection(lambda: Half(transport), str(socket))
        except EngineError as error:
            self._fail(transport, NOT_NOW, str(error))
            return
        except Exception:
            LOG.exception("the way to %s is broken", self.visit.host)
            self._fail(transport, NOT_NOW, "the sandbox failed: see its log")
            return
        server.write(packet)
        if cancel:
            server.close()
            transport.close()
            return
        half = Half(server, Statements())
        transport.set_protocol(half)
        half.connection_made(transport)
        if self.read:
            half.data_received(self.read)
        if self.transport is None:
            server.close()
        else:
            transport.resume_reading()

    def _refusal(self, packet: bytes) -> str:
        """PostgreSQL's own sentence for those whom its access rules do not name."""
        if self.visit.allowed and (self.secure or not self.visit.encrypted):
            return ""
        words = packet[START.size :].rstrip(b"\0").decode(errors="replace").split("\0")
        options = dict(zip(words[::2], words[1::2], strict=False))
        user = options.get("user", "")
        return (
            f'no pg_hba.conf entry for host "{self.visit.address}", user "{user}", '
            f'database "{options.get("database", user)}", '
            f"{'SSL encryption' if self.secure else 'no encryption'}"
        )

    @staticmethod
    def _fail(transport: asyncio.Transport, code: str, sentence: str) -> None:
        fields = (b"SFATAL", b"VFATAL", b"C" + code.encode(), b"M" + sentence.encode(), b"", b"")
        transport.write(message(b"E", b"\0".join(fields)))
        transport.close()


class Half(asyncio.Protocol):
    """One direction of a relay: what arrives here goes to the other side, at its pace."""

    def __init__(
        self, other: asyncio.Transport, change: Callable[[bytes], bytes] = lambda data: data
    ) -> None:
        self.other = other
        self.change = change

    def data_received(self, data: bytes) -> None:
        self.other.write(self.change(data))

    def pause_writing(self) -> None:
        self.other.pause_reading()

    def resume_writing(self) -> None:
        self.other.resume_reading()

    def connection_lost(self, _error: Exception | None) -> None:
        self.other.close()
