"""The application behind every `*.vault.azure.net`."""

import uuid

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox import arm
from sandbox.arm import Access, ArmError
from sandbox.cloud.key_vault import data, keys
from sandbox.networks import Networks, address_of
from sandbox.store import Store

HANDLERS = {ArmError: arm.answer, HTTPException: arm.unrouted, Exception: arm.broken}
SERVICE = "1.9.2000.1"  # A version of the service such as it tells; the number means nothing here.


class Signed:
    """Puts on each answer what tells which part of Key Vault gave it, and whom it saw."""

    def __init__(self, inner: ASGIApp, store: Store) -> None:
        self.inner = inner
        self.store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        vault = data.find(self.store, scope.get("host", ""))
        address = address_of(str(scope.get("network", "")))
        seen = f"conn_type=Ipv4;addr={address};act_addr_fam=InterNetwork;"
        told = {
            "x-ms-keyvault-region": vault.location if vault else "",
            "x-ms-keyvault-service-version": SERVICE,
            "x-ms-keyvault-network-info": seen,
            "x-ms-request-id": str(uuid.uuid4()),
        }

        async def signing(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(told)
            await send(message)

        await self.inner(scope, receive, signing)


def create(store: Store, access: Access, networks: Networks) -> ASGIApp:
    door = data.Door(store, access, networks)
    routes = [*keys.routes(door), *data.routes(door)]
    application = Starlette(routes=routes, exception_handlers=HANDLERS)
    application.router.redirect_slashes = False
    return Signed(application, store)
