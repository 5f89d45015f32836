"""One cluster: its API served on a unix socket, its controllers, and the ways into it."""

import asyncio
import base64
import contextlib
import shutil
import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import uvicorn
import yaml
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp
from starlette.websockets import WebSocket

from sandbox import leash
from sandbox.cluster.api import Api
from sandbox.cluster.controllers import Controllers, World
from sandbox.cluster.settings import Settings
from sandbox.snapshot import Part

GRACE = 1  # Seconds that open requests get to end when the cluster stops.


class Server(uvicorn.Server):
    """A server inside another program: signals stay with that program."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Cluster:
    """A cluster from its creation to its deletion."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._api = Api(settings)
        self._world = World()
        self._server: Server | None = None
        self._serving: asyncio.Task[None] | None = None
        self._client: httpx.AsyncClient | None = None
        self._controllers: Controllers | None = None

    @property
    def api(self) -> ASGIApp:
        """The Kubernetes API; it authenticates bearer tokens itself."""
        return self._api

    def objects(self, plural: str, group: str = "") -> list[dict[str, Any]]:
        """All objects of one kind, by namespace and name."""
        return self._api.objects(plural, group)

    def issuer_keys(self) -> dict[str, Any]:
        """The JSON Web Key Set that verifies service account tokens."""
        return self._api.authenticator.issuer_keys()

    def admin_token(self) -> str:
        """A token of `system:masters`."""
        return self._api.authenticator.admin_token

    def entra_token(self, object_id: str) -> str:
        """A token of an Entra caller, whose every request `settings.authorize` decides."""
        return self._api.authenticator.entra_token(object_id)

    def parts(self, name: str) -> tuple[Part, ...]:
        """What survives a restart: tokens and keys, the objects, and what their pods keep."""

        api, tokens, world = self._api, self._api.authenticator, self._world
        return (
            Part(f"tokens {name}", tokens.dump, tokens.load),
            Part(f"objects {name}", api.dump, api.load, lambda: api.version, frozen=True),
            Part(f"world {name}", world.dump, world.load, lambda: world.changes),
        )

    async def start(self) -> None:
        """Serve the API on the unix socket, then let the controllers work through it."""
        self.settings.state.mkdir(parents=True, exist_ok=True)
        # What a sandbox that was killed has left.
        await asyncio.to_thread(leash.sweep, self.settings.scratch)
        await asyncio.to_thread(shutil.rmtree, self.settings.scratch, ignore_errors=True)
        config = uvicorn.Config(
            self._api,
            uds=str(self.settings.socket),
            loop="none",
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=GRACE,
        )
        self._server = Server(config)
        self._serving = asyncio.create_task(self._server.serve(), name=f"api {self.settings.name}")
        while not self._server.started:
            if self._serving.done():
                self._serving.result()
            await asyncio.sleep(0.01)
        self._client = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(
                uds=str(self.settings.socket),
                limits=httpx.Limits(max_connections=None),
                verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # Unused; the usual one is slow.
            ),
            base_url="http://kubernetes",
            headers={"Authorization": f"Bearer {self.admin_token()}"},
            timeout=httpx.Timeout(30, read=None),  # A watch may be silent for long.
        )
        self._controllers = Controllers(self.settings, self._client, self._world)
        await self._controllers.start()

    async def stop(self) -> None:
        """End controllers, watches and server, in that order; stopping twice is harmless."""
        if self._controllers:
            await self._controllers.stop()
        if self._client:
            await self._client.aclose()
        self._api.close()
        if self._server and self._serving:
            self._server.should_exit = True
            await self._serving
        self.settings.socket.unlink(missing_ok=True)
        self._controllers = self._client = self._server = self._serving = None

    def refresh_nodes(self) -> None:
        """The cloud's node pools have changed."""
        if self._controllers is not None:
            self._controllers.refresh_nodes()

    def refresh_gateways(self) -> None:
        """What the cloud wants of the cluster's gateways has changed."""
        if self._controllers is not None:
            self._controllers.refresh_gateways()

    async def create_pod(self, manifest: dict[str, Any]) -> dict[str, Any]:
        """Make a pod for the cloud; `PermissionError` with the words of an API that refuses it."""
        return await self._working().create_pod(manifest)

    async def await_pod(
        self, made: dict[str, Any], reached: Callable[[dict[str, Any]], bool], seconds: float
    ) -> dict[str, Any] | None:
        """The pod once it is so, or as it is when time is up; None when it is gone."""
        return await self._working().await_pod(made, reached, seconds)

    async def end_pod(self, made: dict[str, Any]) -> None:
        """Delete a pod at once, if it is still there."""
        await self._working().end_pod(made)

    def _working(self) -> Controllers:
        if self._controllers is None:
            raise RuntimeError(f"The cluster {self.settings.name} is not running.")
        return self._controllers

    async def answer(self, request: Request) -> Response:
        """Answer HTTP to a host inside the cluster, as the pods behind its Service would."""
        if self._controllers is None:
            return Response(f"The cluster {self.settings.name} is not running.", status_code=503)
        return await self._controllers.answer(request)

    async def converse(self, socket: WebSocket) -> None:
        """Carry a websocket to a host inside the cluster, as the pods behind its Service would."""
        if self._controllers is None:
            await socket.close()
        else:
            await self._controllers.converse(socket)

    def published(self, host: str) -> str:
        """Where a gateway of this cluster sends what comes for a name; empty for none of its."""
        return "" if self._controllers is None else self._controllers.published(host)

    def resolves(self, host: str) -> bool:
        """Does a pod here find something under a name that lacks the cluster's own domain."""
        return self._controllers is not None and self._controllers.resolves(host)

    def kubeconfig(self, token: str, proxy: str) -> str:
        """A kubeconfig whose holder reaches the private API server through `proxy`."""
        authority = base64.b64encode(self.settings.ca.read_bytes()).decode()
        name = self.settings.name
        server = {
            "server": f"https://{self.settings.fqdn}:443",
            "proxy-url": proxy,
            "certificate-authority-data": authority,
        }
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": server}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [
                {"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}
            ],
            "current-context": name,
        }
        return yaml.safe_dump(document, sort_keys=False)
