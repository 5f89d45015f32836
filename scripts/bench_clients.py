"""
The clients of `bench_sandbox.py`, in a process of their own so that they take nothing from it.

They speak HTTP over TLS through the proxy and read no more of an answer than they must. What to
ask comes from standard input, what they saw goes to standard output, both as JSON.
"""

import asyncio
import json
import random
import ssl
import statistics
import sys
import time
from typing import Any
from urllib.parse import urlsplit

CLIENTS = 16
PACE = 300  # Requests a second, of all clients together.
SECONDS = 3.0


class Connection:
    """One client's connection through the proxy; it reads no more of an answer than it must."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def open(cls, proxy: str, host: str, authority: str) -> "Connection":
        address = urlsplit(proxy)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head:
            raise RuntimeError(head.decode())
        context = ssl.create_default_context(cafile=authority)
        await writer.start_tls(context, server_hostname=host)
        return cls(reader, writer)

    async def ask(self, request: bytes) -> float:
        """Seconds from the first byte of the request to the last one of its answer."""
        began = time.perf_counter()
        self.writer.write(request)
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 2"):
            raise RuntimeError(head.decode())
        length = head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0]
        await self.reader.readexactly(int(length))
        return time.perf_counter() - began


async def paced(connection: Connection, request: bytes, end: float) -> list[float]:
    """Ask at random moments; who asks late, because the last answer came late, says so."""
    taken, due = [], time.perf_counter()
    while (due := due + random.expovariate(PACE / CLIENTS)) < end:
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        late = max(0.0, -wait)
        taken.append(late + await connection.ask(request))
    return taken


async def flat_out(connection: Connection, request: bytes, end: float) -> list[float]:
    taken = []
    while time.perf_counter() < end:
        taken.append(await connection.ask(request))
    return taken


async def clients(order: dict[str, Any]) -> dict[str, float]:
    """What all clients together saw."""
    opened = [
        Connection.open(order["proxy"], order["host"], order["authority"]) for _ in range(CLIENTS)
    ]
    connections = await asyncio.gather(*opened)
    request = order["request"].encode()
    work = paced if order["paced"] else flat_out
    spent, end = time.process_time(), time.perf_counter() + SECONDS
    rows = await asyncio.gather(*(work(one, request, end) for one in connections))
    spent = time.process_time() - spent
    taken = sorted(one for row in rows for one in row)
    return {
        "median": statistics.median(taken) * 1000,
        "p99": taken[int(len(taken) * 0.99)] * 1000,
        "rate": len(taken) / SECONDS,
        "count": len(taken),
        "client": spent / len(taken) * 1000,
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asyncio.run(clients(json.load(sys.stdin)))))
