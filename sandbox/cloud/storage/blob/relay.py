"""The way to the engine: requests are signed with its key, bodies stream both ways."""

import re
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from email.utils import formatdate
from urllib.parse import quote, urlencode

import httpx
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from sandbox.cloud.storage.blob import signatures
from sandbox.cloud.storage.blob.address import Address
from sandbox.cloud.storage.blob.errors import SERVER, StorageError
from sandbox.cloud.storage.blob.sas import PARAMETERS
from sandbox.engines.azurite import Azurite

SUFFIX = ".blob.core.windows.net"
VERSION = "2025-07-05"  # Of the requests that are not a client's.
CONNECTION = frozenset(
    ("connection", "expect", "host", "keep-alive", "proxy-connection", "transfer-encoding")
)
NOT_SENT = CONNECTION | {"authorization", "x-ms-date", "date"}
LISTS = ("list", "blobs")
FROM_URL = re.compile(r"x-ms-(copy-)?source-?")


class Relay:
    """Speaks to the engine, as the owner of every account."""

    def __init__(self, engine: Azurite) -> None:
        self.engine = engine

    async def send(
        self,
        method: str,
        address: Address,
        headers: Mapping[str, str],
        content: bytes | AsyncIterator[bytes] = b"",
        *,
        signed: bool = True,
    ) -> httpx.Response:
        """One request; the body of the answer is still to be read."""
        client = await self.engine.client()
        query = [pair for pair in address.query if pair[0] not in PARAMETERS]
        url = f"http://{address.account}{SUFFIX}{address.path}"
        url += f"?{urlencode(query, quote_via=quote)}" if query else ""
        request = client.build_request(method, url, headers=headers, content=content)
        if signed:
            request.headers["x-ms-date"] = formatdate(time.time(), usegmt=True)
            path = request.url.raw_path.partition(b"?")[0].decode("ascii")
            sent = replace(address, path=path, query=tuple(query))
            text = signatures.string_to_sign(
                method, request.headers.items(), sent, signatures.underscored
            )
            proof = signatures.sign(self.engine.key, text)
            request.headers["Authorization"] = f"SharedKey {address.account}:{proof}"
        return await client.send(request, stream=True)

    async def ask(
        self,
        method: str,
        account: str,
        path: str,
        query: str,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """A request of the sandbox's own, with its whole answer."""
        address = Address.read(account, path, query)
        wanted = {"x-ms-version": VERSION, "content-length": "0"} | dict(headers or {})
        answer = await self.send(method, address, wanted)
        try:
            await answer.aread()
        finally:
            await answer.aclose()
        return answer

    async def forward(
        self,
        request: Request,
        address: Address,
        *,
        signed: bool = True,
        source: httpx.Response | None = None,
    ) -> Response:
        """Pass a client's request on, and the answer back; a source may be its body."""
        headers = {name: value for name, value in request.headers.items() if name not in NOT_SENT}
        content: bytes | AsyncIterator[bytes] = b""
        if source is not None:
            headers = {name: headers[name] for name in headers if not FROM_URL.match(name)}
            headers["content-length"] = source.headers["content-length"]
            content = streamed(source)
        elif "content-length" in headers or "transfer-encoding" in request.headers:
            content = request.stream()
        answer = await self.send(request.method, address, headers, content, signed=signed)
        if address.asked("comp") in LISTS:
            return await listed(answer, address)
        return StreamingResponse(
            streamed(answer), answer.status_code, dict(passed(answer.headers.items()))
        )


async def streamed(answer: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it came; the connection is free again also when nobody reads to the end."""
    try:
        async for chunk in answer.aiter_raw():
            yield chunk
    finally:
        await answer.aclose()


def passed(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """The headers of an answer that are for the client."""
    for name, value in headers:
        if name.lower() == "server":
            yield name, SERVER
        elif name.lower() not in CONNECTION:
            yield name, value


async def listed(answer: httpx.Response, address: Address) -> Response:
    """A list names the endpoint that was asked, which is not the engine's."""
    try:
        content = await answer.aread()
    finally:
        await answer.aclose()
    endpoint = f'ServiceEndpoint="https://{address.account}{SUFFIX}/"'
    content = re.sub(rb'ServiceEndpoint="[^"]*"', endpoint.encode(), content, count=1)
    headers = dict(passed(answer.headers.items()))
    headers["content-length"] = str(len(content))
    return Response(content, answer.status_code, headers)


def check(answer: httpx.Response, *tolerated: int) -> None:
    """The engine must do what the sandbox itself asks of it."""
    if not (answer.is_success or answer.status_code in tolerated):
        raise StorageError(500, "InternalError", f"The engine answered {answer.text}")
