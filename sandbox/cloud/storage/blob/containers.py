"""Containers are resources of Resource Manager and of Blob Storage: both show the same ones."""

import asyncio
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from starlette.requests import Request

from sandbox.arm import ResourceId
from sandbox.cloud.storage import models
from sandbox.cloud.storage.blob.address import Address
from sandbox.cloud.storage.blob.relay import Relay, check
from sandbox.store import Resource, Store

META = "x-ms-meta-"
PUBLIC = "x-ms-blob-public-access"
LEVELS = {"container": "Container", "blob": "Blob"}


class Containers:
    """The store says which containers there are; the engine follows before it is asked next."""

    def __init__(self, store: Store, relay: Relay) -> None:
        self.store = store
        self.relay = relay
        self._agreed: set[str] = set()  # Accounts in which nothing has changed since.
        self._changed: set[str] = set()  # Containers that Resource Manager has changed since.
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._ours = False
        for event in ("created", "ready", "deleted"):
            store.listen(event, models.CONTAINERS, self._note)
        store.listen("deleted", models.ACCOUNTS, lambda gone: self._agreed.discard(gone.name))

    def _note(self, container: Resource) -> None:
        if not self._ours:
            self._agreed.discard(container.id.parent.parent.name)
            self._changed.add(container.id.key)

    # --- From Resource Manager to the engine ---------------------------------------------------

    async def agree(self, account: Resource) -> None:
        """Bring the engine to what Resource Manager says about an account."""
        if account.name in self._agreed:
            return
        async with self._turns[account.name]:
            self._agreed.add(account.name)
            wanted = {one.name: one for one in self.store.below(account.id, models.CONTAINERS)}
            present = await self._present(account.name)
            for name in present - wanted.keys():
                await self._ask("DELETE", account.name, name)
            for name, container in wanted.items():
                touched = container.id.key in self._changed
                self._changed.discard(container.id.key)
                if name not in present:
                    headers = described(container)
                    await self._ask("PUT", account.name, name, headers=headers)
                elif touched:
                    await self._reshape(account.name, container)

    async def _reshape(self, account: str, container: Resource) -> None:
        headers = described(container)
        public = {PUBLIC: headers.pop(PUBLIC)} if PUBLIC in headers else {}
        await self._ask("PUT", account, container.name, "&comp=metadata", headers)
        await self._ask("PUT", account, container.name, "&comp=acl", public)

    async def _present(self, account: str) -> set[str]:
        """The containers that the engine has; one of an earlier life may be among them."""
        answer = await self.relay.ask("GET", account, "/", "comp=list")
        check(answer)
        found = ET.fromstring(answer.content)  # noqa: S314  # Written by our own engine.
        return {name.text or "" for name in found.iterfind("Containers/Container/Name")}

    async def _ask(
        self,
        method: str,
        account: str,
        name: str,
        query: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        path = f"/{name}"
        check(await self.relay.ask(method, account, path, f"restype=container{query}", headers))

    # --- From the engine to Resource Manager ---------------------------------------------------

    def learn(self, request: Request, account: Resource, address: Address, status: int) -> None:
        """A client has changed a container through Blob Storage: Resource Manager shows it."""
        verb, part = request.method, address.asked("comp")
        own = address.level == "container" and verb in ("PUT", "DELETE")
        if not own or status >= HTTPStatus.MULTIPLE_CHOICES or part not in ("", "metadata", "acl"):
            return
        container = account.id.child("blobServices", "default").child(
            "containers", address.container
        )
        with self._quietly():
            if verb == "DELETE":
                self._forget(container)
            else:
                self._keep(container, request, part)

    def _forget(self, container: ResourceId) -> None:
        if self.store.find(container):
            self.store.delete(container)

    def _keep(self, container: ResourceId, request: Request, part: str) -> None:
        known = self.store.find(container)
        properties = dict(known.properties) if known else {}
        headers = request.headers
        if part in ("", "acl"):
            properties["publicAccess"] = LEVELS.get(headers.get(PUBLIC, ""), "None")
        if part in ("", "metadata"):
            properties["metadata"] = {
                name.removeprefix(META): value
                for name, value in headers.items()
                if name.startswith(META)
            }
        models.stamp_container(properties, self.store)
        self.store.put(container, {"properties": properties})

    @contextmanager
    def _quietly(self) -> Iterator[None]:
        self._ours = True
        try:
            yield
        finally:
            self._ours = False


def described(container: Resource) -> dict[str, str]:
    """What a container is made with, as headers."""
    found = container.properties
    headers = {f"{META}{key}": value for key, value in (found.get("metadata") or {}).items()}
    level = str(found.get("publicAccess", "None")).lower()
    return headers | ({PUBLIC: level} if level in LEVELS else {})
