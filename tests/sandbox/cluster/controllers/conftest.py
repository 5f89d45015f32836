"""A whole cluster, API and controllers, in a thread; and a fake world at the end of its proxy."""

import asyncio
import base64
import contextlib
import json
import re
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import jwt
import pytest
import trustme
import uvicorn
import yaml
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from sandbox.cluster.cluster import Cluster
from sandbox.cluster.login import Login
from sandbox.cluster.settings import Pool, Settings
from sandbox.latency import Latency

Manifest = dict[str, Any]
T = TypeVar("T")

PATIENCE = 30.0  # Seconds until a state that never comes fails a test.
ROOTS = {"v1": "/api/v1"}
METADATA = "169.254.169.254"
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # Unused by clients; the usual one takes its time.
PLURALS = {"Ingress": "ingresses", "NetworkPolicy": "networkpolicies", "Endpoints": "endpoints"}


@dataclass
class World:
    """Entra ID and one Key Vault: what they hold, what they refuse, what they were asked."""

    secrets: dict[str, str] = field(default_factory=dict)
    forbidden: bool = False
    untrusted: bool = False
    asked: list[tuple[float, str]] = field(default_factory=list)  # When, and which secret.
    assertions: list[dict[str, Any]] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        host = request.headers["host"].partition(":")[0]
        if host == "login.microsoftonline.com":
            return await self._sign_in(request)
        if host == "demo.vault.azure.net":
            return self._read(request)
        if host == METADATA:
            return self._vouch(request)
        return Response(f"Nobody knows {host}.", status_code=502)

    async def _sign_in(self, request: Request) -> Response:
        form = parse_qs((await request.body()).decode())
        token = form["client_assertion"][0]
        self.assertions.append(jwt.decode(token, options={"verify_signature": False}))
        if self.untrusted:
            body = {"error": "invalid_client", "error_description": "AADSTS700213: No match."}
            return JSONResponse(body, status_code=401)
        return JSONResponse({"access_token": "open sesame", "expires_in": 3600})

    def _vouch(self, request: Request) -> Response:
        """The metadata service of a node with two identities."""
        assert request.headers["metadata"] == "true"
        assert request.query_params["resource"] == "https://vault.azure.net"
        if request.query_params.get("client_id") != "the-client":
            text = "Multiple user assigned identities exist, please specify the clientId"
            return JSONResponse({"error": "invalid_request", "error_description": text}, 400)
        return JSONResponse({"access_token": "open sesame", "expires_in": "3600"})

    def _read(self, request: Request) -> Response:
        name = request.url.path.split("/")[2]
        self.asked.append((time.monotonic(), name))
        assert request.headers["authorization"] == "Bearer open sesame"
        if self.forbidden:
            inner = {"code": "ForbiddenByRbac"}
            message = (
                "Caller is not authorized to perform action on resource.\r\nAssignment: (not found)"
            )
            error = {"code": "Forbidden", "message": message, "innererror": inner}
            return JSONResponse({"error": error}, status_code=403)
        if name not in self.secrets:
            error = {"code": "SecretNotFound", "message": f"A secret with {name} was not found."}
            return JSONResponse({"error": error}, status_code=404)
        return JSONResponse({"value": self.secrets[name], "tags": {"owner": "platform"}})


class Server(uvicorn.Server):
    """A server in a thread: signals belong to pytest."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Stage:
    """What all clusters of a test run share: a thread, and a proxy that knows them by network."""

    def __init__(self) -> None:
        self.authority = trustme.CA()
        self.clusters: dict[str, Live] = {}
        self._callers: dict[int, tuple[Live, str, str]] = {}
        """By local port of a connection: the cluster, the pod in it, and where a tunnel leads."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[tuple[Server, asyncio.Task[None]]] = []

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def start(self) -> None:
        self._thread.start()
        self.do(self._start())

    def close(self) -> None:
        self.do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _start(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        hosts = ("login.microsoftonline.com", "demo.vault.azure.net")
        self.authority.issue_cert(*hosts).configure_cert(context)
        self._plain = await self._serve(None)
        self._tls = await self._serve(context)
        self._proxy = await asyncio.start_server(self._through, "127.0.0.1", 0)
        self.port = int(self._proxy.sockets[0].getsockname()[1])

    async def _stop(self) -> None:
        self._proxy.close()
        for server, _ in self._servers:
            server.should_exit = True
        await asyncio.gather(*(task for _, task in self._servers))

    async def _serve(self, context: ssl.SSLContext | None) -> int:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            live, pod, destination = self._callers[scope["client"][1]]
            address = urlsplit(scope["raw_path"].decode())
            path = address.path or "/"
            place = {"path": unquote(path), "raw_path": path.encode(), "pod": pod}
            located = {**scope, **place, "destination": destination}
            if scope["type"] == "websocket":
                await live.cluster.converse(WebSocket(located, receive, send))
                return
            request = Request(located, receive)
            inside = context is None and address.hostname != METADATA
            answer = await (live.cluster.answer(request) if inside else live.world.answer(request))
            await answer(scope, receive, send)

        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            lifespan="off",
            log_config=None,
            ws="websockets-sansio",
            http="h11",
            loop="none",
            ssl_context_factory=(lambda _config, _default: context) if context else None,
            timeout_graceful_shutdown=1,
        )
        server = Server(config)
        self._servers.append((server, asyncio.create_task(server.serve())))
        while not server.started:  # noqa: ASYNC110 - Uvicorn has no event for it.
            await asyncio.sleep(0.005)
        return int(server.servers[0].sockets[0].getsockname()[1])

    async def _through(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A proxy: tunnels lead to the world, plain requests into the cluster."""
        head = await reader.readuntil(b"\r\n\r\n")
        credentials = re.search(rb"(?i)proxy-authorization: basic (\S+)", head)
        assert credentials, head
        name, _, token = base64.b64decode(credentials[1]).decode().partition(":")
        assert token == "token"
        network, _, pod = name.partition(";")
        if head.startswith(b"CONNECT db.internal:5432 "):
            await refuse_login(reader, writer)
            return
        tunnel = head.startswith(b"CONNECT ")
        destination = head.split(b" ")[1].decode() if tunnel else ""
        port = self._tls if destination.endswith(":443") else self._plain
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        caller = (self.clusters[network], pod.replace(";", "/"), destination)
        self._callers[far_writer.get_extra_info("sockname")[1]] = caller
        if tunnel:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            far_writer.write(head)
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))


class Live:
    """A running cluster, as its users and the world see it."""

    def __init__(self, stage: Stage, folder: Path, latency: Latency) -> None:
        self.stage = stage
        self.folder = folder
        self.world = World()
        self.pools = [Pool()]
        self.without_database = ""
        self.passwords: dict[str, str] = {}  # Of logins whose password matters to PostgreSQL.
        self.logins: list[str] = []  # Who signed in, or tried to.
        network = f"network-{len(stage.clusters)}"
        stage.clusters[network] = self
        stage.authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        self.settings = Settings(
            name="test-aks",
            fqdn="aks.privatelink.westeurope.azmk8s.io",
            issuer="https://westeurope.oic.prod-aks.azure.com/tenant/cluster/",
            socket=folder / "api.sock",
            state=folder / "state",
            latency=latency,
            proxy=f"http://{network}:token@127.0.0.1:{stage.port}",
            ca=folder / "ca.pem",
            authorize=lambda _who, _verb, _resource: True,
            pools=lambda: self.pools,
            without_database=lambda: self.without_database,
            sign_in=self.sign_in,
        )
        self.cluster = Cluster(self.settings)

    def start(self) -> None:
        self.do(self.cluster.start())
        self.http = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self.settings.socket)),
            base_url="http://kubernetes",
            headers={"Authorization": f"Bearer {self.cluster.admin_token()}"},
        )
        self.namespace("demo")

    def close(self) -> None:
        self.http.close()
        self.do(self.cluster.stop())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.stage.do(work)

    async def sign_in(self, login: Login) -> str:
        """PostgreSQL, as pods meet it."""
        self.logins.append(login.user)
        if self.passwords.get(login.user, login.password) == login.password:
            return ""
        return f'password authentication failed for user "{login.user}"'

    # --- What tests do -------------------------------------------------------------------------

    def path(self, manifest: Manifest) -> str:
        version, kind = manifest["apiVersion"], manifest["kind"]
        plural = PLURALS.get(kind, f"{kind.lower()}s")
        space = manifest["metadata"].get("namespace")
        inside = f"/namespaces/{space}" if space else ""
        return f"{ROOTS.get(version, f'/apis/{version}')}{inside}/{plural}"

    def create(self, *manifests: Manifest) -> None:
        for manifest in manifests:
            answer = self.http.post(self.path(manifest), json=manifest)
            assert answer.status_code == 201, answer.text

    def namespace(self, name: str) -> None:
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def apply(self, text: str) -> None:
        """Create every document of a rendered chart."""
        self.create(*(item for item in yaml.safe_load_all(text) if item))

    def get(self, path: str) -> Manifest:
        found: Manifest = self.http.get(path).json()
        return found

    def items(self, path: str) -> list[Manifest]:
        found: list[Manifest] = self.get(path)["items"]
        return found

    def patch(self, path: str, change: Manifest) -> None:
        headers = {"Content-Type": "application/merge-patch+json"}
        answer = self.http.patch(path, content=json.dumps(change), headers=headers)
        assert answer.status_code == 200, answer.text

    def delete(self, path: str, **options: Any) -> None:
        answer = self.http.request("DELETE", path, json=options)
        assert answer.status_code < 300, answer.text

    def until(self, probe: Callable[[], T], seconds: float = PATIENCE) -> T:
        """Ask until the answer is true."""
        end = time.monotonic() + seconds
        while not (found := probe()):
            assert time.monotonic() < end, "It never happened."
            time.sleep(0.02)
        return found

    def curl(self, url: str, **options: Any) -> httpx.Response:
        """Ask a host inside the cluster, as a pod would."""
        method, way = options.pop("method", "GET"), self.settings.proxy
        with httpx.Client(proxy=way, verify=PLAIN, trust_env=False) as client:
            return client.request(method, url, **options)


async def refuse_login(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A PostgreSQL server, up to the point where it knows who is there."""
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    size = int.from_bytes(await reader.readexactly(4), "big")
    startup = await reader.readexactly(size - 4)
    user = startup[4:].split(b"\0")[1]
    fields = b"SFATAL\0C28000\0Mno entry for " + user + b"\0\0"
    writer.write(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)
    await writer.drain()
    writer.close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    shared = Stage()
    shared.start()
    yield shared
    shared.close()


@pytest.fixture(scope="session")
def start_live(stage: Stage) -> Iterator[Callable[..., Live]]:
    """Start a cluster in a folder; it ends with the session."""
    running = []

    def start(folder: Path) -> Live:
        live = Live(stage, folder, Latency())
        live.start()
        running.append(live)
        return live

    yield start
    for live in running:
        live.close()


@pytest.fixture
def live(stage: Stage, tmp_path: Path) -> Iterator[Live]:
    """A cluster in which nothing takes time, with the namespace `demo`."""
    with contextlib.closing(Live(stage, tmp_path, Latency())) as cluster:
        cluster.start()
        yield cluster


@pytest.fixture
def slow(stage: Stage, tmp_path: Path) -> Iterator[Live]:
    """A cluster with typical durations, a hundred times faster, with the namespace `demo`."""
    with contextlib.closing(Live(stage, tmp_path, Latency("typical", 0.01))) as cluster:
        cluster.start()
        yield cluster


def in_demo(kind: str, name: str, version: str = "v1", **parts: Any) -> Manifest:
    metadata = {"name": name, "namespace": "demo"} | parts.pop("metadata", {})
    return {"apiVersion": version, "kind": kind, "metadata": metadata} | parts


@pytest.fixture
def demo() -> Callable[..., Manifest]:
    """Build a manifest in the namespace `demo`: kind, name, version and its parts."""
    return in_demo
