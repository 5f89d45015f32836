"""Blobs made from other blobs: the source is asked for like any other, and never over a network."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from sandbox.cloud.storage.blob import operations
from sandbox.cloud.storage.blob.address import Address
from sandbox.cloud.storage.blob.doorkeeper import Doorkeeper, Visitor, find
from sandbox.cloud.storage.blob.errors import StorageError, unsupported
from sandbox.cloud.storage.blob.relay import SUFFIX, VERSION, Relay
from sandbox.store import Resource

SOURCE = "x-ms-copy-source"
UPLOADS = ("block", "appendblock", "page")


class Copies:
    """Checks the source of a copy, and reads it where Azurite cannot."""

    def __init__(self, door: Doorkeeper, relay: Relay) -> None:
        self.door = door
        self.relay = relay

    def check(self, request: Request, visitor: Visitor, account: Resource) -> Address:
        """The source, which the visitor may read."""
        url = urlsplit(request.headers[SOURCE])
        host = (url.hostname or "").lower()
        found = find(self.door.store, host) if host.endswith(SUFFIX) else None
        if found is None:
            raise unsupported(f"A copy from {host} is not possible: nothing leaves this machine.")
        if f"{SOURCE}-authorization" in request.headers:
            raise unsupported("Copies with a token for their source are not simulated.")
        source = Address.read(host.partition(".")[0], url.path, url.query)
        if source.asked("sig"):
            visitor = self.door.check_signature(found, source)
        elif found is not account or visitor.signature or visitor.anonymous:
            raise StorageError(
                404, "CannotVerifyCopySource", "The specified resource does not exist."
            )
        self.door.authorize(request, visitor, found, source, operations.READ_BLOB)
        return source

    async def upload(self, request: Request, address: Address, source: Address) -> Response:
        """Put Block or Put Blob from a URL, as an upload of what the source holds."""
        part = request.headers.get("x-ms-source-range")
        headers = {"x-ms-version": VERSION} | ({"range": part} if part else {})
        answer = await self.relay.send("GET", source, headers)
        if not answer.is_success:
            await answer.aclose()
            raise StorageError(
                answer.status_code,
                "CannotVerifyCopySource",
                f"The source answered {answer.headers.get('x-ms-error-code')}.",
            )
        return await self.relay.forward(request, address, source=answer)


def is_upload(request: Request, address: Address) -> bool:
    """Is this an upload whose content lies elsewhere, rather than a copy by the service."""
    return address.asked("comp") in UPLOADS or "x-ms-blob-type" in request.headers
