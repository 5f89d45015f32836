"""HTTPS as Go programs speak it: HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE decide the way."""

import base64
import http.client
import json
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from sandbox.terraform_provider.errors import ProviderError

PATIENCE = 120  # Seconds until an answer must begin.
PAUSES = (0.5, 1.0, 2.0, 4.0)  # Before each further try of a request whose answer was lost.


@dataclass(frozen=True)
class Reply:
    """An answer, with its body read."""

    status: int
    headers: http.client.HTTPMessage
    content: bytes

    @property
    def body(self) -> Any:
        """The JSON of the body, or None where there is none."""
        try:
            return json.loads(self.content) if self.content.strip() else None
        except ValueError:
            return None

    @property
    def text(self) -> str:
        return self.content.decode(errors="replace").strip()


def proxy_of(target: SplitResult) -> SplitResult | None:
    """The proxy on the way to a URL."""
    if proxy_bypass(target.netloc):
        return None
    proxy = getproxies_environment().get("https")
    return urlsplit(proxy if "//" in proxy else f"http://{proxy}") if proxy else None


def proxy_headers(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


@dataclass(frozen=True)
class Request:
    """What is sent, apart from the connection."""

    method: str
    target: SplitResult
    body: bytes | None
    headers: dict[str, str]

    def over(self, connection: http.client.HTTPSConnection) -> Reply:
        path = self.target.path + (f"?{self.target.query}" if self.target.query else "")
        connection.request(self.method, path, self.body, self.headers)
        answer = connection.getresponse()
        return Reply(answer.status, answer.headers, answer.read())


class Transport:
    """Keeps one connection per thread and host."""

    def __init__(self) -> None:
        self.trust = ssl.create_default_context()
        self.local = threading.local()

    def send(self, method: str, url: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        target = urlsplit(url)
        request = Request(method, target, body, headers)
        pool: dict[str, http.client.HTTPSConnection] = self.local.__dict__.setdefault("pool", {})
        kept = pool.pop(target.netloc, None)
        reply = self.again(request, kept) if kept is not None else None
        if kept is None or reply is None:
            kept, reply = self.insist(request)
        pool[target.netloc] = kept
        return reply

    def insist(self, request: Request) -> tuple[http.client.HTTPSConnection, Reply]:
        """
        Over a new connection, several times if need be, as azurerm does.

        What it sends may have been done before: every request of Resource Manager bears that.
        """
        where = f"{request.method} {request.target.scheme}://{request.target.netloc}"
        lost: Exception | None = None
        for pause in (0.0, *PAUSES):
            time.sleep(pause)
            connection = self.connect(request.target)
            try:
                return connection, request.over(connection)
            except (http.client.HTTPException, OSError) as error:
                connection.close()
                lost = error
                if isinstance(error, ssl.SSLCertVerificationError):
                    break
        raise ProviderError(f"{where}: {lost}") from lost

    def again(self, request: Request, kept: http.client.HTTPSConnection) -> Reply | None:
        """Use a kept connection; None when the other side closed it while it was idle."""
        try:
            return request.over(kept)
        except (http.client.HTTPException, OSError):
            kept.close()
            return None

    def connect(self, target: SplitResult) -> http.client.HTTPSConnection:
        proxy = proxy_of(target)
        host, port = target.hostname or "", target.port or 443
        near = (proxy.hostname or "", proxy.port or 80) if proxy else (host, port)
        connection = http.client.HTTPSConnection(*near, context=self.trust, timeout=PATIENCE)
        if proxy is not None:
            connection.set_tunnel(host, port, proxy_headers(proxy))
        return connection
