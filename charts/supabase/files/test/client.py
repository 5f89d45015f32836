"""Requests and the messages of a websocket, with nothing but the standard library."""

import base64
import hashlib
import json
import os
import struct
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any, Self
from urllib.parse import unquote, urlencode, urljoin, urlsplit
from urllib.request import getproxies, proxy_bypass

PATIENCE = 10.0  # Seconds for one answer.
TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
ACCEPTED = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455.


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON; an empty object where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return {}


def connect(url: str) -> HTTPConnection:
    """A connection to the host of a URL, through the proxy that the environment may name."""
    wanted = urlsplit(url)
    host, port = wanted.hostname or "", wanted.port or 80
    proxy = getproxies().get(wanted.scheme)
    if not proxy or proxy_bypass(host):
        return HTTPConnection(host, port, timeout=PATIENCE)
    way = urlsplit(proxy)
    line = HTTPConnection(way.hostname or "", way.port, timeout=PATIENCE)
    pair = f"{unquote(way.username or '')}:{unquote(way.password or '')}".encode()
    line.set_tunnel(host, port, {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode()}"})
    return line


def ask(method: str, url: str, headers: dict[str, str], body: bytes | None = None) -> Answer:
    """One request and its answer; redirects within the host are followed."""
    for _ in range(4):
        line = connect(url)
        try:
            place = urlsplit(url)
            line.request(method, f"{place.path}?{place.query}".rstrip("?"), body, headers)
            reply = line.getresponse()
            answer = Answer(
                reply.status,
                {name.lower(): value for name, value in reply.getheaders()},
                reply.read(),
            )
        finally:
            line.close()
        following = urljoin(url, answer.headers.get("location", ""))
        if not 300 <= answer.status < 400 or urlsplit(following).netloc != place.netloc:
            break
        url = following
    return answer


class Socket:
    """A websocket whose messages are JSON."""

    def __init__(self, url: str, query: dict[str, str]) -> None:
        self._line = connect(url)
        self._line.connect()
        self._socket = self._line.sock
        self._input = self._socket.makefile("rb")
        place, nonce = urlsplit(url), base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {place.path}?{urlencode(query)} HTTP/1.1\r\nHost: {place.netloc}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {nonce}\r\n\r\n".encode()
        )
        self.status, answer = self._head()
        proof = hashlib.sha1((nonce + ACCEPTED).encode()).digest()  # noqa: S324 - As RFC 6455 says.
        wanted = base64.b64encode(proof).decode()
        self.open = self.status == 101 and answer.get("sec-websocket-accept") == wanted

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._input.close()
        self._line.close()

    def send(self, message: Any) -> None:
        self._frame(TEXT, json.dumps(message).encode())

    def receive(self) -> Any:
        """The next message; pings are answered on the way."""
        text = b""
        while True:
            first, second = self._input.read(2) or b"\x88\x00"
            size = second & 0x7F
            if size > 125:
                size = int.from_bytes(self._input.read(2 if size == 126 else 8), "big")
            data, kind = self._input.read(size), first & 0x0F
            if kind == CLOSE:
                reason = data[2:].decode(errors="replace")
                raise HTTPException(f"the websocket was closed: {reason}")
            if kind == PING:
                self._frame(PONG, data)
            elif kind != PONG:
                text += data
                if first & 0x80:
                    return json.loads(text)

    def _head(self) -> tuple[int, dict[str, str]]:
        status = self._input.readline().split(b" ")
        headers = {}
        while (line := self._input.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        return int(status[1]) if len(status) > 1 else 0, headers

    def _frame(self, kind: int, data: bytes) -> None:
        """Clients mask what they send."""
        size = len(data)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + struct.pack("!H", size)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))
        self._socket.sendall(bytes([0x80 | kind]) + length + mask + masked)
