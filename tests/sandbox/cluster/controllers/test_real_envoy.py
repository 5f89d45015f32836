"""The simulated gateway beside Envoy itself: the same configuration, the same requests."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from sandbox.cluster.controllers.simulated.container import Container, Question, Reply
from sandbox.cluster.controllers.simulated.envoy import Envoy
from sandbox.cluster.controllers.simulated.world import World
from tests.chart import envoy
from tests.chart.envoy import ANON, CALLERS, PUBLISHABLE, SECRET, SECRETS, SERVICE
from tests.sandbox.cluster.controllers import estate

PORTS = {
    "auth": 9999,
    "rest": 3000,
    "realtime": 4000,
    "storage": 5000,
    "functions": 9000,
    "meta": 8080,
    "studio": 3000,
}
REQUESTS: list[tuple[str, dict[str, str]]] = [
    *(
        (path, headers)
        for path in ("/rest/v1/", "/pg/x", "/", "/mcp")
        for headers in CALLERS.values()
    ),
    ("/healthz", {}),
    ("/auth/v1/verify?token=x", {}),
    ("/auth/v1/verify-me", {"apikey": ANON}),
    ("/auth/v1/.well-known/jwks.json", {}),
    ("/.well-known/oauth-authorization-server/auth/v1", {}),
    ("/.well-known/oauth-authorization-server", {}),
    ("/graphql/v1", {"apikey": ANON}),
    ("//rest//v1/todos", {"apikey": ANON}),
    ("/rest/v1/../../pg/x", {"apikey": SERVICE}),
    ("/rest/v1/./a/", {"apikey": ANON}),
    ("/rest/v1%2Ftodos", {"apikey": ANON}),
    ("/realtime/v1/api/%74enants", {"apikey": SERVICE}),
    ("/realtime/v1/api/tenants/x", {}),
    ("/realtime/v1/api/ping", {"apikey": SECRET}),
    (f"/realtime/v1/websocket?vsn=1&apikey={PUBLISHABLE}", {"x-api-key": "client"}),
    (f"/rest/v1/todos?select=a&apikey={PUBLISHABLE}&b=1", {}),
    ("/rest/v1/todos?apikey=", {}),
    ("/project/default?a=1", {}),
    ("/rest/v1/todos", {"apikey": ""}),
    ("/rest/v1/todos", {"apikey": PUBLISHABLE, "authorization": f"Bearer {PUBLISHABLE}"}),
    ("/rest/v1/todos", {"apikey": ANON, "authorization": "Bearer of.the.user"}),
    ("/rest/v1/todos", {"apikey": ANON, "under_score": "x"}),
    ("/storage/v1/object/x", {"authorization": ""}),
    ("/storage/v1/object/x", {"apikey": "of.another.secret"}),
    ("/storage/v1/s3/x", {"authorization": "AWS4-HMAC-SHA256 Credential=x"}),
    ("/functions/v1/hello?apikey=x", {"sb-api-key": "client"}),
    ("/functions/v1/hello", {"apikey": SECRET, "sb-api-key": "client"}),
    ("/rest/v1/todos", {"apikey": ANON, "origin": "https://any.example.com"}),
    ("/pg/x", {"apikey": SERVICE, "origin": "https://any.example.com"}),
    ("/pg/x", {"apikey": SERVICE, "origin": "http://localhost:3000"}),
]
TOLD = (
    *("authorization", "apikey", "x-api-key", "sb-api-key", "content-profile", "host"),
    *("x-forwarded-prefix", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port"),
)
GIVEN_BACK = ("www-authenticate", "access-control-allow-origin")


class Recorder:
    """Everything around a container: it tells what reached it."""

    def __init__(self) -> None:
        self.world = World()

    async def ask(self, _host: str, _port: int, question: Question) -> Reply:
        query = f"?{question.query}" if question.query else ""
        headers = dict(question.headers)
        return Reply.json({"path": question.path + query, "headers": headers})

    async def converse(self, *_: Any) -> Any:
        raise NotImplementedError

    async def refused(self, _login: object) -> str:
        raise NotImplementedError


def told(status: int, reached: dict[str, Any], answered: dict[str, str]) -> dict[str, Any]:
    """What two gateways have to agree on."""
    headers = reached.get("headers", {})
    return {
        "status": status,
        "path": reached.get("path", ""),
        "reached": {name: headers[name] for name in TOLD if name in headers},
        "answered": {name: answered[name] for name in GIVEN_BACK if name in answered},
    }


def simulated(files: dict[str, str], path: str, headers: dict[str, str]) -> dict[str, Any]:
    mounted = {f"/etc/gateway/{name}": text for name, text in files.items()}
    image = "envoyproxy/envoy:v1.39.1"
    container = Container("gateway", image, "supabase", "gateway-0", SECRETS, mounted)
    plain, _, query = path.partition("?")
    asked = {"host": "gateway"} | {name.lower(): value for name, value in headers.items()}
    question = Question("GET", plain, query, asked, port=8000)
    answer = asyncio.run(Envoy().answer(container, question, Recorder()))
    reached = json.loads(answer.body) if answer.body.startswith(b'{"path"') else {}
    return told(answer.status, reached, dict(answer.headers))


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    maps = (item for item in estate.documents("supabase") if item["kind"] == "ConfigMap")
    found = next(item for item in maps if item["metadata"]["name"] == "supabase-gateway")
    return dict(found["data"])


@pytest.fixture(scope="module")
def gateway(
    files: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[envoy.Gateway]:
    with envoy.running(files, tmp_path_factory.mktemp("envoy")) as running:
        yield running


@pytest.mark.parametrize(("path", "headers"), REQUESTS)
def test_the_simulated_gateway_does_what_envoy_does(
    gateway: envoy.Gateway, files: dict[str, str], path: str, headers: dict[str, str]
) -> None:
    status, reached, answered = gateway.ask(path, {"Host": "gateway"} | headers)

    assert simulated(files, path, headers) == told(status, reached, answered)


# --- The whole test of the chart through Envoy itself ------------------------------------------


class Door:
    """Local ports that lead to the services of a cluster, as its gateway reaches them."""

    def __init__(self, live: Any) -> None:
        self.live = live
        pods = live.items("/api/v1/namespaces/supabase/pods")
        names = [pod["metadata"]["name"] for pod in pods]
        self.pod = next(name for name in names if name.startswith("supabase-gateway-"))
        self.servers: list[uvicorn.Server] = []

    def open(self, component: str) -> int:
        port: int = self.live.do(self._serve(component))
        return port

    async def _serve(self, component: str) -> int:
        destination = f"supabase-{component}.supabase.svc.cluster.local:{PORTS[component]}"

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            place = {"destination": destination, "pod": f"supabase/{self.pod}"}
            if scope["type"] == "websocket":
                await self.live.cluster.converse(WebSocket({**scope, **place}, receive, send))
                return
            answer = await self.live.cluster.answer(Request({**scope, **place}, receive))
            await answer(scope, receive, send)

        config = uvicorn.Config(
            app, port=0, lifespan="off", log_config=None, ws="websockets-sansio", loop="none"
        )
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup()
        self.servers.append(server)
        number: int = server.servers[0].sockets[0].getsockname()[1]
        return number

    def close(self) -> None:
        for server in self.servers:
            self.live.do(server.shutdown())


def test_every_check_of_the_chart_holds_through_envoy_itself(
    files: dict[str, str],
    tmp_path: Path,
    start_live: Callable[[Path], Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    live = start_live(tmp_path_factory.mktemp("platform"))
    keys = estate.Keys()
    estate.release(live, keys)
    secrets = {
        name.upper().replace("-", "_"): value
        for name, value in estate.secrets(keys)["supabase-gateway"].items()
    }
    program = Path(__file__).parents[4] / "charts" / "supabase" / "files" / "test"
    door = Door(live)

    with envoy.started(files, tmp_path, door.open, secrets) as gateway:
        done = subprocess.run(
            [sys.executable, "-B", str(program)],
            env={
                "PATH": os.environ["PATH"],
                "GATEWAY_URL": f"http://127.0.0.1:{gateway.port}",
                "PARTS": "auth rest realtime storage functions meta studio",
                "TEST_DEADLINE": "20",
                "WRITES": "true",
                **secrets,
            },
            capture_output=True,
            text=True,
            check=False,
        )
    door.close()

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line for line in lines if not line["ok"]] == []
    assert (done.returncode, done.stderr) == (0, "")
