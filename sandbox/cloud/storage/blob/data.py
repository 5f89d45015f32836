"""The data plane of Blob Storage: who may come is decided here, what is kept is Azurite's."""

import base64
import logging
import xml.etree.ElementTree as ET
from http import HTTPStatus

import httpx
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.arm import Access
from sandbox.cloud.storage import models
from sandbox.cloud.storage.blob import batch, copies, errors, operations
from sandbox.cloud.storage.blob.address import Address
from sandbox.cloud.storage.blob.containers import PUBLIC, Containers
from sandbox.cloud.storage.blob.copies import Copies
from sandbox.cloud.storage.blob.doorkeeper import Doorkeeper, Visitor, delegation_key, find
from sandbox.cloud.storage.blob.errors import StorageError, not_found, unsupported
from sandbox.cloud.storage.blob.relay import SUFFIX, Relay
from sandbox.cloud.storage.blob.sas import moment
from sandbox.engines.azurite import Azurite, MissingError
from sandbox.networks import Networks
from sandbox.store import Resource, Store

LOG = logging.getLogger(__name__)
VERBS = ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"]
HOSTS = tuple(f"*.{part}.core.windows.net" for part in models.ENDPOINTS)
REFUSED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
DELEGATION_DAYS = 7


class Blobs:
    """Everything at `<account>.blob.core.windows.net`."""

    def __init__(self, store: Store, access: Access, engine: Azurite, networks: Networks) -> None:
        self.store = store
        self.door = Doorkeeper(store, access, networks)
        self.relay = Relay(engine)
        self.containers = Containers(store, self.relay)
        self.copies = Copies(self.door, self.relay)
        self.handlers = dict.fromkeys(
            (StorageError, MissingError, HTTPException, ClientDisconnect, httpx.TransportError),
            self.refuse,
        )
        self.app = Starlette(
            routes=[Route("/{address:path}", self.answer, methods=VERBS)],
            exception_handlers=self.handlers,
        )
        self.app.router.redirect_slashes = False

    async def answer(self, request: Request) -> Response:
        account = find(self.store, request.scope["host"])
        if account is None:
            raise not_found()
        address = Address.of(request)
        if request.method == "OPTIONS":  # A browser's question comes without any proof.
            return await self.relay.forward(request, address, signed=False)
        visitor = self.door.admit(request, account, address)
        operation = operations.find(request.method, address)
        if operation is operations.BATCH:
            return await batch.answer(request, self.app)
        self.door.authorize(request, visitor, account, address, operation)
        if operation is operations.DELEGATION:
            return await self.delegate(request, account, visitor)
        self.check_public(request, account)
        source = None
        if copies.SOURCE in request.headers:
            source = self.copies.check(request, visitor, account)
        await self.containers.agree(account)
        if source and copies.is_upload(request, address):
            return await self.copies.upload(request, address, source)
        signed = not visitor.anonymous
        answer = await self.relay.forward(request, address, signed=signed)
        if not signed and answer.status_code in REFUSED:
            raise not_found()  # A stranger is not told what there is.
        self.containers.learn(request, account, address, answer.status_code)
        return answer

    def check_public(self, request: Request, account: Resource) -> None:
        """A container cannot be more public than its account allows."""
        if PUBLIC in request.headers and not account.properties.get("allowBlobPublicAccess"):
            raise StorageError(
                409,
                "PublicAccessNotPermitted",
                "Public access is not permitted on this storage account.",
            )

    async def delegate(self, request: Request, account: Resource, visitor: Visitor) -> Response:
        """A key with which a principal signs addresses that carry its own rights."""
        caller = visitor.caller
        assert caller  # noqa: S101  # the doorkeeper lets nobody else ask for it
        try:
            asked = ET.fromstring(await errors.read(request))  # noqa: S314  # expat loads nothing
            start, end = asked.findtext("Start") or "", asked.findtext("Expiry") or ""
        except ET.ParseError as error:
            raise StorageError(
                400, "InvalidXmlDocument", "XML specified is not syntactically valid."
            ) from error
        now = self.store.now()
        last = now + DELEGATION_DAYS * 86400
        if not (moment(start, "Start") if start else now) < moment(end, "Expiry") <= last:
            raise StorageError(
                400, "InvalidXmlNodeValue", "The value for one of the XML nodes is not valid."
            )
        version = request.headers.get("x-ms-version", "2018-11-09")
        fields = (caller.object_id, caller.tenant, start, end, "b", version)
        names = ("Oid", "Tid", "Start", "Expiry", "Service", "Version")
        key = ET.Element("UserDelegationKey")
        for name, value in zip(names, fields, strict=True):
            ET.SubElement(key, f"Signed{name}").text = value
        value = base64.b64encode(delegation_key(self.store, account, fields)).decode()
        ET.SubElement(key, "Value").text = value
        content = ET.tostring(key, "utf-8", xml_declaration=True)
        return Response(content, headers={"x-ms-version": version}, media_type="application/xml")

    async def refuse(self, request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            error = StorageError(
                error.status_code,
                "UnsupportedHttpVerb",
                "The resource doesn't support specified Http Verb.",
            )
        if isinstance(error, MissingError):
            error = unsupported(str(error))
        if isinstance(error, httpx.TransportError):
            LOG.warning("Azurite failed at %s %s: %r", request.method, request.url.path, error)
            error = StorageError(
                500,
                "InternalError",
                "The server encountered an internal error. Please retry the request.",
            )
        if isinstance(error, StorageError):
            return error.response(request, self.store.now())
        if isinstance(error, ClientDisconnect):
            return Response(status_code=499)  # Nobody reads it.
        raise error


def create(store: Store, access: Access, engine: Azurite, networks: Networks) -> dict[str, ASGIApp]:
    """The applications behind the host names of storage accounts."""
    blobs = Blobs(store, access, engine, networks)

    async def other(request: Request) -> Response:
        part = str(request.scope["host"]).split(".")[1]
        raise unsupported(f"The sandbox has no {part} service behind storage accounts.")

    others = Starlette(
        routes=[Route("/{rest:path}", other, methods=[*VERBS, "PATCH", "MERGE"])],
        exception_handlers=blobs.handlers,
    )
    hosts: dict[str, ASGIApp] = dict.fromkeys(HOSTS, others)
    return hosts | {f"*{SUFFIX}": blobs.app}


def resolves(store: Store, host: str) -> bool:
    """Does DNS know the account."""
    return find(store, host) is not None
