"""A cloud with one registry, and clients of it."""

import asyncio
import hashlib
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from sandbox import arm
from sandbox.arm import SUBSCRIPTION, Caller, ResourceId, TokenError
from sandbox.cloud import container_registry, resources
from sandbox.latency import Latency
from sandbox.store import Store

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lab"
REGISTRY = f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/labacr"
BODY = {"location": "westeurope", "sku": {"name": "Standard"}, "properties": {}}
HOST = "https://labacr.azurecr.io"
CHART = "external-secrets/charts/external-secrets"
PUSH = "Microsoft.ContainerRegistry/registries/push/write"
DELETE = "Microsoft.ContainerRegistry/registries/artifacts/delete"
PULL = "Microsoft.ContainerRegistry/registries/pull/read"


class Access:
    """Knows one caller, and what it may do."""

    def __init__(self) -> None:
        self.rights = {PULL, PUSH, DELETE}

    def check(self, token: str, audience: str) -> Caller:
        if (token, audience) != ("good", "https://containerregistry.azure.net"):
            raise TokenError("The access token is not valid.")
        return Caller("alice", "application")

    def allows(self, object_id: str, action: str, scope: ResourceId, *, data: bool = False) -> bool:
        return (
            object_id == "alice" and action in self.rights and not data and scope.name == "labacr"
        )


class Cloud:
    """One registry, and clients that stand before it."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.store = Store(Latency(), clock=lambda: self.time)
        self.store.put(ResourceId(GROUP), {"location": "westeurope"})
        self.access = Access()
        registries = container_registry.Registries(self.store, self.access)
        self.registries = registries
        routes = resources.routes(self.store, lambda _: True)
        routes += container_registry.routes(self.store, registries)
        self.arm = Starlette(routes=routes, exception_handlers={arm.ArmError: arm.answer})
        self.data = container_registry.create(registries)
        self.public = container_registry.create_public("ghcr.io")

    def __call__(self, verb: str, url: str, **more: Any) -> httpx.Response:
        app = self.data if url.startswith(HOST) else self.public
        if url.startswith("/"):
            url, more["params"] = f"https://{arm.HOST}{url}", {"api-version": "2025-11-01"}
            app = self.arm

        async def known(scope: Any, receive: Any, send: Any) -> None:
            await app(scope | {"caller": Caller("object", "application")}, receive, send)

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(known)
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.request(verb, url, **more)

        return asyncio.run(send())

    def signed_in(self) -> dict[str, str]:
        """The two steps from Entra's token to one that opens repositories."""
        form = {"grant_type": "access_token", "service": "labacr.azurecr.io"}
        first = self("POST", f"{HOST}/oauth2/exchange", data=form | {"access_token": "good"})
        form = {"grant_type": "refresh_token", "refresh_token": first.json()["refresh_token"]}
        second = self("POST", f"{HOST}/oauth2/token", data=form)
        return {"Authorization": f"Bearer {second.json()['access_token']}"}

    def push(self, headers: dict[str, str]) -> httpx.Response:
        """Push one small artifact as `charts/demo:1.0.0`."""
        content = b"a chart"
        name = "sha256:" + hashlib.sha256(content).hexdigest()
        started = self("POST", f"{HOST}/v2/charts/demo/blobs/uploads/", headers=headers)
        address = HOST + started.headers["Location"]
        self("PATCH", address, content=content, headers=headers)
        self("PUT", address, params={"digest": name}, headers=headers)
        part = {"mediaType": "x", "digest": name, "size": len(content)}
        manifest = {"schemaVersion": 2, "config": part, "layers": [part]}
        return self("PUT", f"{HOST}/v2/charts/demo/manifests/1.0.0", json=manifest, headers=headers)


@pytest.fixture
def cloud() -> Cloud:
    cloud = Cloud()
    assert cloud("PUT", REGISTRY, json=BODY).status_code == 201
    return cloud
