"""The proxy in front of everything, as clients on this machine see it."""

import asyncio
import contextlib
import shutil
import socket
import ssl
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from websockets.sync.client import connect

from sandbox.cluster.controllers.kubelet import programs
from sandbox.cluster.controllers.simulated.container import Container
from sandbox.front import Authority, Front, Hosts, Network, RefusedError


async def mirror(scope: Scope, receive: Receive, send: Send) -> None:
    """Says what it was asked, and where the caller stands."""
    request = Request(scope, receive)
    seen = {
        "host": request.headers["host"],
        "path": request.url.path,
        "query": request.url.query,
        "body": (await request.body()).decode(),
        "network": scope["network"],
        "headers": sorted(request.headers.keys()),
    }
    await JSONResponse(seen)(scope, receive, send)


async def control(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"control": scope["path"]})(scope, receive, send)


class Proxy:
    """A front that listens, with a public host and the network `aks` with private ones."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.network = Network("aks", {"api.azmk8s.io": mirror, "*.svc": mirror})
        self.hosts = Hosts()
        self.hosts.public = {"management.azure.com": mirror, "*.vault.azure.net": mirror}
        self.hosts.networks["aks"] = self.network
        self.front = Front(self.hosts, self.authority, control)
        self.trust = ssl.create_default_context(cafile=self.authority.certificate)
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.run(self.front.start())

    def run(self, what: "asyncio.Future[None] | object") -> None:
        asyncio.run_coroutine_threadsafe(what, self.loop).result(5)  # type: ignore[arg-type]  # a coroutine

    def call(self, what: Callable[..., None], *arguments: Any) -> None:
        """In the loop of the front."""

        async def called() -> None:
            what(*arguments)

        self.run(called())

    def client(self, credentials: tuple[str, str] | None = None) -> httpx.Client:
        address = httpx.URL(f"http://127.0.0.1:{self.front.port}")
        proxy = httpx.Proxy(address, auth=credentials)
        return httpx.Client(proxy=proxy, verify=self.trust, trust_env=False, timeout=5)

    @property
    def inside(self) -> httpx.Client:
        return self.client((self.network.name, self.network.token))

    def raw(self, sent: bytes) -> bytes:
        """The whole answer to some bytes."""
        with socket.create_connection(("127.0.0.1", self.front.port), timeout=5) as line:
            line.sendall(sent)
            line.shutdown(socket.SHUT_WR)
            answer = b""
            while part := line.recv(65536):
                answer += part
            return answer

    def close(self) -> None:
        self.run(self.front.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    running = Proxy(tmp_path)
    yield running
    running.close()


def test_any_client_that_trusts_the_authority_reaches_a_simulated_host(proxy: Proxy) -> None:
    with proxy.client() as client:
        answer = client.put("https://kv.vault.azure.net/secrets/a%20b?x=1", content="text").json()

    assert answer["host"] == "kv.vault.azure.net"
    assert (answer["path"], answer["query"], answer["body"]) == ("/secrets/a b", "x=1", "text")
    assert answer["network"] == ""


def test_a_client_that_does_not_trust_the_authority_is_safe(proxy: Proxy) -> None:
    address = f"http://127.0.0.1:{proxy.front.port}"

    with (
        httpx.Client(proxy=address, trust_env=False, verify=ssl.create_default_context()) as client,
        pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.get("https://management.azure.com/")


def test_a_host_that_is_not_simulated_is_refused_with_a_sentence(proxy: Proxy) -> None:
    with proxy.client() as client, pytest.raises(httpx.ProxyError) as refusal:
        client.get("https://example.com/")

    assert "does not simulate example.com" in str(refusal.value)


def test_no_address_is_ever_dialled_or_looked_up(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dial(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(proxy.loop, "create_connection", dial)
    monkeypatch.setattr(proxy.loop, "getaddrinfo", dial)

    answer = proxy.raw(b"CONNECT login.live.com:443 HTTP/1.1\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 403 The sandbox does not simulate login.live.com")


@pytest.mark.parametrize(
    "host", ["api.azmk8s.io", "gateway.supabase.svc", "pg.postgres.database.azure.com"]
)
def test_a_private_host_is_refused_from_the_internet(proxy: Proxy, host: str) -> None:
    with proxy.client() as client, pytest.raises(httpx.ProxyError, match="is private"):
        client.get(f"https://{host}/")


def test_a_private_host_is_reached_from_inside_its_network(proxy: Proxy) -> None:
    with proxy.inside as client:
        secure = client.get("https://api.azmk8s.io/version").json()
        plain = client.get("http://gateway.supabase.svc:8000/health?a=b").json()

    assert (secure["network"], plain["network"]) == ("aks", "aks")
    assert (plain["host"], plain["path"]) == ("gateway.supabase.svc:8000", "/health")
    assert "proxy-authorization" not in plain["headers"]


def test_a_network_has_names_that_only_it_knows(proxy: Proxy) -> None:
    proxy.network.names = lambda host: (
        mirror if host in {"gateway", "management.azure.com"} else None
    )

    with proxy.inside as client:
        found = client.get("http://gateway:8000/health").json()
        lost = client.get("http://other:8000/health")
    with proxy.client() as outside:
        refused = outside.get("http://gateway:8000/health")

    assert (found["host"], found["network"]) == ("gateway:8000", "aks")
    assert (lost.status_code, refused.status_code) == (403, 403)


@pytest.mark.parametrize("credentials", [("aks", "guessed"), ("other", "token"), ("", "")])
def test_wrong_credentials_are_not_taken_for_the_internet(
    proxy: Proxy, credentials: tuple[str, str]
) -> None:
    with proxy.client(credentials) as client, pytest.raises(httpx.ProxyError, match="belong to no"):
        client.get("https://management.azure.com/")


def test_a_tunnel_leads_to_no_other_host(proxy: Proxy) -> None:
    with proxy.client() as client:
        answer = client.get("https://management.azure.com/", headers={"Host": "api.azmk8s.io"})

    assert answer.status_code == 421


def test_headers_cannot_claim_a_place_in_a_network(proxy: Proxy) -> None:
    claim = f"Basic {'YWtzOmFrcw=='}"
    with proxy.client() as client:
        answer = client.get(
            "https://management.azure.com/",
            headers={"Proxy-Authorization": claim, "Network": "aks"},
        )

    assert answer.json()["network"] == ""


def test_a_name_that_a_cluster_publishes_is_reached_with_tls_and_websockets(proxy: Proxy) -> None:
    async def edge(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            await mirror(scope, receive, send)
            return
        line = WebSocket(scope, receive, send)
        await line.accept()
        await line.send_text(f"{await line.receive_text()} to {scope['host']}")
        await line.close()

    proxy.hosts.edge = lambda host: edge if host == "shop.example.com" else None

    with proxy.client() as client:
        answer = client.get("https://shop.example.com/rest/v1/").json()
    way = f"http://127.0.0.1:{proxy.front.port}"
    with connect("wss://shop.example.com/socket", proxy=way, ssl=proxy.trust) as line:
        line.send("hello")
        heard = line.recv(5)

    assert (answer["host"], answer["path"]) == ("shop.example.com", "/rest/v1/")
    assert heard == "hello to shop.example.com"


def test_what_has_no_name_yet_is_refused(proxy: Proxy) -> None:
    proxy.hosts.resolvers["*.vault.azure.net"] = lambda host: host.startswith("known")

    with proxy.client() as client:
        found = client.get("https://known.vault.azure.net/")
        with pytest.raises(httpx.ProxyError, match="does not exist"):
            client.get("https://unknown.vault.azure.net/")

    assert found.status_code == 200


def test_only_the_port_of_https_is_tunnelled(proxy: Proxy) -> None:
    answer = proxy.raw(b"CONNECT management.azure.com:22 HTTP/1.1\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"port 443 only" in answer


def test_a_request_without_a_host_is_for_the_sandbox_itself(proxy: Proxy) -> None:
    with httpx.Client(trust_env=False) as client:
        answer = client.get(f"http://127.0.0.1:{proxy.front.port}/status")

    assert answer.json() == {"control": "/status"}


def test_a_request_sent_together_with_the_handshake_is_answered(proxy: Proxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.front.port), timeout=5) as line:
        line.sendall(b"CONNECT management.azure.com:443 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert line.recv(4096).startswith(b"HTTP/1.1 200")
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = proxy.trust.wrap_bio(incoming, outgoing, server_hostname="management.azure.com")
        with pytest.raises(ssl.SSLWantReadError):
            tls.do_handshake()
        line.sendall(outgoing.read())
        while True:
            incoming.write(line.recv(65536))
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                continue
        tls.write(b"GET /early HTTP/1.1\r\nHost: management.azure.com\r\nConnection: close\r\n\r\n")

        line.sendall(outgoing.read())  # The end of the handshake and the request, in one piece.

        answer = b""
        while b'"path":"/early"' not in answer:
            piece = line.recv(65536)
            assert piece, "The sandbox closed the connection without an answer."
            incoming.write(piece)
            with contextlib.suppress(ssl.SSLWantReadError):
                while record := tls.read(65536):  # One piece may hold several records.
                    answer += record


def test_keys_are_readable_by_their_owner_only(proxy: Proxy) -> None:
    key = proxy.authority.certificate.with_name("ca.key")

    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_the_authority_is_the_same_after_a_restart(proxy: Proxy) -> None:
    again = Authority(proxy.authority.certificate.parent)

    assert again.certificate.read_bytes() == proxy.authority.certificate.read_bytes()


def test_a_port_that_nothing_speaks_on_is_refused(proxy: Proxy) -> None:
    answer = proxy.raw(b"CONNECT lab.postgres.database.azure.com:6432 HTTP/1.1\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 403 The sandbox speaks HTTPS on port 443 only,")


@pytest.mark.skipif(shutil.which("psql") is None, reason="psql is not on PATH")
def test_a_job_that_asks_a_database_ends_with_that_refusal_in_its_log(
    proxy: Proxy, tmp_path: Path
) -> None:
    def stopped(host: str, _network: str) -> Any:
        raise RefusedError(f"{host} is stopped.")

    proxy.front.hosts.doors["5432"] = stopped
    way = f"http://aks:{proxy.network.token}@127.0.0.1:{proxy.front.port}"
    settings: Any = SimpleNamespace(
        proxy=way, ca=proxy.authority.certificate, scratch=tmp_path / "scratch"
    )
    server = {"PGHOST": "lab.postgres.database.azure.com", "PGUSER": "me"}
    container = Container("main", "postgres:16", "demo", "job", server)
    spec = {"image": "postgres:16", "command": ["psql", "-c", "select 1"]}
    log = tmp_path / "log"

    outcome = asyncio.run(programs.run(settings, container, spec, log, 30.0))

    assert (outcome.code, outcome.reason) == (2, "Error")
    assert log.read_text().count("lab.postgres.database.azure.com is stopped.") == 1


def test_after_a_change_of_hosts_no_connection_leads_to_those_of_before(proxy: Proxy) -> None:
    async def later(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse({"host": "of later"})(scope, receive, send)

    hosts = Hosts()
    hosts.public = {"management.azure.com": later}
    answers: list[Any] = []
    with proxy.client() as kept, proxy.client() as new:
        before = kept.get("https://management.azure.com/").json()["host"]
        proxy.call(proxy.front.hold)
        asking = [
            threading.Thread(
                target=lambda one=one: answers.append(one.get("https://management.azure.com/"))
            )
            for one in (kept, new)
        ]
        for thread in asking:
            thread.start()
        asking[1].join(0.3)
        waiting = [thread.is_alive() for thread in asking]
        proxy.call(proxy.front.go_on, hosts)
        for thread in asking:
            thread.join(5)

    assert before == "management.azure.com"
    assert waiting == [True, True]
    assert [answer.json()["host"] for answer in answers] == ["of later", "of later"]


def test_a_change_of_hosts_breaks_a_tunnel_that_is_no_http(proxy: Proxy) -> None:
    opened = threading.Event()
    proxy.hosts.doors["5432"] = lambda _host, _network: lambda _transport: opened.set()
    with socket.create_connection(("127.0.0.1", proxy.front.port), timeout=5) as line:
        line.sendall(b"CONNECT db.postgres.database.azure.com:5432 HTTP/1.1\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 200")
        assert opened.wait(5)

        proxy.call(proxy.front.hold)

        with contextlib.suppress(ConnectionResetError):
            assert line.recv(100) == b""
    proxy.call(proxy.front.go_on, proxy.hosts)
