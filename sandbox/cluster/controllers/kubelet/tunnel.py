"""A way for PostgreSQL clients through the HTTP proxy: a local address that opens tunnels."""

import asyncio
import base64
import contextlib
import random
import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from urllib.parse import urlsplit

PORT = 5432
PORTS = 65536
NOWHERE = ("", PORT)
HOST = re.compile(r"[A-Za-z0-9._-]{1,253}")
DIGITS = re.compile(r"[0-9]{1,5}")
URL = re.compile(r"postgres(?:ql)?://\S+")


class RefusedError(Exception):
    """The proxy opens no tunnel."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


def destination(env: Mapping[str, str], argv: Sequence[str]) -> tuple[str, int]:
    """
    The server that a PostgreSQL client will ask for, as its variables or arguments say.

    What makes no sense as an address has none: the client itself says what is wrong with it.
    """
    if env.get("PGHOST"):
        return place(env["PGHOST"], env.get("PGPORT") or str(PORT))
    for text in (*argv, *env.values()):
        match = URL.search(text)
        if match:
            return from_url(match[0].strip("'\""))
    return NOWHERE


def from_url(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        return place(parts.hostname or "", str(parts.port or PORT))
    except ValueError:
        return NOWHERE


def place(host: str, port: str) -> tuple[str, int]:
    """A host name and a port, if they are; a socket's folder is none."""
    if not HOST.fullmatch(host) or not DIGITS.fullmatch(port) or not 0 < int(port) < PORTS:
        return NOWHERE
    return host, int(port)


@contextlib.asynccontextmanager
async def through(
    proxy: str, host: str, port: int, tell: Callable[[str], None]
) -> AsyncIterator[str]:
    """
    A loopback address of its own on which `port` is the one of `host`, as seen by a pod.

    A PostgreSQL client cannot show why the proxy refuses, so `tell` is given the sentence.
    """
    pumps: set[asyncio.Task[None]] = set()
    told: set[str] = set()  # Clients try again, with TLS and without.

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task:
            pumps.add(task)
            task.add_done_callback(pumps.discard)
        try:
            await _serve(proxy, host, port, reader, writer)
        except RefusedError as error:
            if error.sentence not in told:
                told.add(error.sentence)
                tell(error.sentence)
        except (OSError, EOFError, asyncio.LimitOverrunError):
            pass  # The client sees a closed connection, as it would in a pod.
        except asyncio.CancelledError:
            pass  # The tunnel ends; of a handler that is cancelled asyncio would complain.
        finally:
            writer.close()

    server = await _listen(serve, port)
    address: str = server.sockets[0].getsockname()[0]
    try:
        yield address
    finally:
        server.close()
        for task in list(pumps):
            task.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def _listen(serve: object, port: int) -> asyncio.Server:
    """The port must be the database's, since URLs name it; the address may be any of loopback."""
    for _ in range(20):
        address = ".".join(str(random.randint(1, 254)) for _ in range(3))  # noqa: S311
        with contextlib.suppress(OSError):
            return await asyncio.start_server(serve, f"127.{address}", port)  # type: ignore[arg-type]
    raise OSError(f"No loopback address has port {port} free.")


async def _serve(
    proxy: str, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    way = urlsplit(proxy)
    far_reader, far_writer = await asyncio.open_connection(way.hostname, way.port)
    try:
        credentials = base64.b64encode(f"{way.username}:{way.password}".encode()).decode()
        far_writer.write(
            f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Proxy-Authorization: Basic {credentials}\r\n\r\n".encode()
        )
        head = await far_reader.readuntil(b"\r\n\r\n")
        _, status, *sentence = head.split(b"\r\n")[0].decode("latin-1").split(" ", 2)
        if status != "200":
            raise RefusedError("".join(sentence))
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
    finally:
        far_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
