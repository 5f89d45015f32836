"""Blob Batch: many deletions or changes of tier in one request, each with its own authorization."""

import asyncio
import re
import uuid
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message

from sandbox.cloud.storage.blob import errors
from sandbox.cloud.storage.blob.errors import StorageError

LIMIT = 256  # Requests in one batch.
PARTS = {"DELETE": "", "PUT": "comp=tier"}


def invalid(why: str) -> StorageError:
    return StorageError(400, "InvalidInput", f"One of the request inputs is not valid. {why}")


def read(content_type: str, body: bytes) -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """The requests of a batch: content id, verb, target, headers."""
    found = re.search(r'boundary="?([^";]+)', content_type)
    if not found:
        raise invalid("The content type names no boundary.")
    for part in body.split(b"--" + found[1].encode())[1:-1]:
        text = part.decode("utf-8", "replace").replace("\r\n", "\n").strip("\n")
        envelope, _, inner = text.partition("\n\n")
        line, _, rest = inner.lstrip("\n").partition("\n")
        words = line.split(" ")
        if len(words) < 2:  # noqa: PLR2004  # verb and target
            raise invalid("A part of the batch is no request.")
        yield fields(envelope).get("content-id", ""), words[0], words[1], fields(rest)


def fields(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}


async def answer(request: Request, app: ASGIApp) -> Response:
    """Do what the batch says, one after the other."""
    requests = list(read(request.headers.get("content-type", ""), await errors.read(request)))
    if not 0 < len(requests) <= LIMIT:
        raise invalid(f"A batch has 1 to {LIMIT} requests.")
    boundary, parts = f"batchresponse_{uuid.uuid4()}", []
    for number, verb, target, headers in requests:
        path, _, query = target.partition("?")
        if verb not in PARTS or PARTS[verb] not in query:
            raise invalid("A batch deletes blobs or sets their tiers.")
        inner: dict[str, Any] = {
            **request.scope,
            "method": verb,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        status, found, body = await run(app, inner)
        lines = [f"--{boundary}", "Content-Type: application/http"]
        lines += [f"Content-ID: {number}"] if number else []
        lines += ["", f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in found.items()]
        parts.append("\r\n".join((*lines, "", body)))
    content = "\r\n".join((*parts, f"--{boundary}--\r\n"))
    return Response(content, 202, media_type=f"multipart/mixed; boundary={boundary}")


async def run(app: ASGIApp, scope: dict[str, Any]) -> tuple[int, dict[str, str], str]:
    """One request of a batch, as if it had come alone."""
    status, headers, body = 0, {}, b""
    parts: list[Message] = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> Message:
        if not parts:
            await asyncio.Event().wait()  # Its client does not leave.
        return parts.pop()

    async def send(message: Message) -> None:
        nonlocal status, headers, body
        if message["type"] == "http.response.start":
            status = message["status"]
            headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            body += message.get("body", b"")

    await app(scope, receive, send)
    return status, headers, body.decode("utf-8", "replace")
