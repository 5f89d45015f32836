"""Clients of the proxy that are slow, confused or up to no good."""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.front import http, listener
from tests.sandbox.test_front import Proxy

TUNNEL = b"CONNECT management.azure.com:443 HTTP/1.1\r\nHost: management.azure.com:443\r\n\r\n"
PATIENCE = 30.0


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    running = Proxy(tmp_path)
    yield running
    running.close()


def answers(proxy: Proxy) -> bool:
    with proxy.client() as client:
        return client.get("https://management.azure.com/").status_code == 200


class Tunnel:
    """TLS through the proxy, made by hand, so that its bytes can come in any way."""

    def __init__(self, proxy: Proxy) -> None:
        self.line = socket.create_connection(("127.0.0.1", proxy.front.port), timeout=PATIENCE)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = proxy.trust.wrap_bio(
            self.incoming, self.outgoing, server_hostname="management.azure.com"
        )

    def hello(self) -> bytes:
        """What a client of TLS says first."""
        with pytest.raises(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self.outgoing.read()

    def open(self, target: bytes = b"management.azure.com:443") -> None:
        self.line.sendall(b"CONNECT " + target + b" HTTP/1.1\r\n\r\n")
        assert self.line.recv(65536).startswith(b"HTTP/1.1 200")
        self.line.sendall(self.hello())
        self.shake()

    def shake(self) -> None:
        while True:
            self.hear()
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                continue
            self.line.sendall(self.outgoing.read())
            return

    def hear(self) -> None:
        piece = self.line.recv(65536)
        if piece:
            self.incoming.write(piece)
        else:
            self.incoming.write_eof()

    def say(self, text: bytes) -> None:
        self.tls.write(text)
        self.line.sendall(self.outgoing.read())

    def answer(self) -> bytes:
        """All that comes until the sandbox hangs up."""
        said = b""
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            while True:
                try:
                    part = self.tls.read(65536)
                except ssl.SSLWantReadError:
                    self.hear()
                    continue
                if not part:
                    break
                said += part
        return said


@pytest.fixture
def tunnel(proxy: Proxy) -> Iterator[Tunnel]:
    made = Tunnel(proxy)
    yield made
    made.line.close()


def test_a_handshake_that_comes_together_with_connect_is_answered(tunnel: Tunnel) -> None:
    tunnel.line.sendall(TUNNEL + tunnel.hello())
    greeting = b""
    while b"\r\n\r\n" not in greeting:
        greeting += tunnel.line.recv(1)  # What follows it belongs to TLS.

    tunnel.shake()
    tunnel.say(b"GET /early HTTP/1.1\r\nHost: management.azure.com\r\nConnection: close\r\n\r\n")

    assert greeting.startswith(b"HTTP/1.1 200 ")
    assert b'"path":"/early"' in tunnel.answer()


def test_a_head_that_never_ends_is_ended(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "HEAD_TIME", 0.2)
    with socket.create_connection(("127.0.0.1", proxy.front.port), timeout=PATIENCE) as line:
        line.sendall(b"CONNECT management.azure.com:443 HTTP/1.1\r\nX-Slow: ")

        assert line.recv(65536).startswith(b"HTTP/1.1 408 ")
        assert line.recv(65536) == b""


def test_a_connection_that_says_nothing_is_closed(
    proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "HEAD_TIME", 0.2)
    with socket.create_connection(("127.0.0.1", proxy.front.port), timeout=PATIENCE) as line:
        assert line.recv(65536) == b""


def test_a_head_that_never_ends_inside_a_tunnel_is_ended(
    tunnel: Tunnel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "HEAD_TIME", 0.2)
    tunnel.open()
    tunnel.say(b"GET / HTTP/1.1\r\nHost: management.azure.com\r\nX-Slow: ")

    assert tunnel.answer().startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("size", [70_000, 2_000_000])
def test_a_head_without_measure_is_refused(proxy: Proxy, size: int) -> None:
    endless = b"GET http://management.azure.com/ HTTP/1.1\r\n" + b"X: y\r\n" * (size // 6)

    with contextlib.suppress(OSError):  # It may hang up while we still send.
        assert proxy.raw(endless)[:13] in (b"HTTP/1.1 431 ", b"")
    assert answers(proxy)


@pytest.mark.parametrize(
    "target",
    [
        b"management.azure.com:443@evil.example:443",
        b"evil.example:443@management.azure.com",
        b"someone@lab.vault.azure.net:443",
        b"me:secret@lab.vault.azure.net:443",
        b"lab.vault.azure.net/:443",
        b"..vault.azure.net:443",
        b"*.vault.azure.net:443",
        b"lab.vault.azure.net..:443",
        b"l\xc3\xa4b.vault.azure.net:443",
        b"l%61b.vault.azure.net:443",
        b"lab.vault.azure.net\x00:443",
        b"lab\t.vault.azure.net:443",
        b"-lab.vault.azure.net:443",
        b"a" * 64 + b".vault.azure.net:443",
        b"a." * 200 + b"vault.azure.net:443",
        b"8.8.8.8:443",
        b"127.0.0.1:443",
        b"0:443",
        b"2130706433:443",
        b"[::1]:443",
        b"[::ffff:8.8.8.8]:443",
        b"management.azure.com",
        b"management.azure.com:",
        b"management.azure.com:0443",
        b"management.azure.com:80",
        b":443",
        b"",
    ],
)
def test_a_tunnel_to_what_is_no_simulated_host_is_refused(proxy: Proxy, target: bytes) -> None:
    answer = proxy.raw(b"CONNECT " + target + b" HTTP/1.1\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert b"\r\n\r\n" in answer
    assert answers(proxy)


def test_case_and_a_dot_at_the_end_make_no_other_host(tunnel: Tunnel) -> None:
    tunnel.open(b"MANAGEMENT.azure.com.:443")

    tunnel.say(b"GET /same HTTP/1.1\r\nHost: Management.Azure.com.\r\nConnection: close\r\n\r\n")

    assert b'"path":"/same"' in tunnel.answer()


@pytest.mark.parametrize(
    ("address", "status"),
    [
        (b"http://evil.example/", 403),
        (b"http://management.azure.com@evil.example/", 403),
        (b"http://management.azure.com:80@evil.example/", 403),
        (b"http://evil.example#management.azure.com/", 403),
        (b"http://evil.example\\management.azure.com/", 403),
        (b"http://8.8.8.8/", 403),
        (b"http://[::1]/", 403),
        (b"http://[::1/", 403),
        (b"http://management.azure.com:port/", 403),
        (b"http://management.azure.com:99999/", 403),
        (b"http:///", 403),
        (b"http:/management.azure.com/", 403),
        (b"https://management.azure.com/", 403),
        (b"ftp://management.azure.com/", 403),
        (b"gopher://evil.example/", 403),
        (b"file:///etc/passwd", 403),
        (b"management.azure.com/", 403),
        (b"*", 403),
        (b"http://me:secret@management.azure.com/", 200),
        (b"http://management.azure.com./", 200),
        (b"http://management.azure.com/a%2e%2e%2fb%5c;c/%C3%A9", 200),
        (b"http://management.azure.com/a%00", 400),
        (b"http://management.azure.com/a%0d%0aX-Header:%20b", 400),
        (b"http://management.azure.com/a%ff", 400),
    ],
)
def test_an_absolute_address_leads_to_a_simulated_host_or_nowhere(
    proxy: Proxy, address: bytes, status: int
) -> None:
    answer = proxy.raw(b"GET " + address + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"secret" not in answer
    assert answers(proxy)


@pytest.mark.parametrize(
    "sent",
    [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"\x05\x01\x00\r\n\r\n",
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
        b"G\xe4T / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: odd\r\n\r\n",
    ],
)
def test_what_is_not_http_is_refused_and_nothing_breaks(
    proxy: Proxy, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = proxy.raw(sent)

    assert answer == b"" or answer.split(b" ")[1][:1] == b"4"
    assert answers(proxy)
    assert "Traceback" not in caplog.text


HEAD = b"POST / HTTP/1.1\r\nHost: management.azure.com\r\n"
SECOND = b"GET /second HTTP/1.1\r\nHost: management.azure.com\r\n\r\n"


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND,
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 60\r\n\r\n0\r\n\r\n" + SECOND,
        HEAD + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SECOND,
        HEAD + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SECOND,
        HEAD + b"Content-Length: 0\r\nContent-Length: 5\r\n\r\n" + SECOND,
        HEAD + b"Content-Length: +5\r\n\r\n" + SECOND,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n" + SECOND,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + SECOND,
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n" + SECOND,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SECOND,
        b"GET / HTTP/1.1\r\nHost: management.azure.com\r\nHost: evil.example\r\n\r\n" + SECOND,
        b"GET / HTTP/1.1\r\n\r\n" + SECOND,
    ],
)
def test_a_request_of_two_meanings_has_none(tunnel: Tunnel, sent: bytes) -> None:
    tunnel.open()
    tunnel.say(sent)

    answer = tunnel.answer()

    assert b"HTTP/1.1 400 " in answer[:40]
    assert b"/second" not in answer


@pytest.mark.parametrize(
    "path", [b"/%00", b"/a%0d%0aX-Header:%20b", b"/%FF", b"/%ED%A0%80", b"/%7F"]
)
def test_a_path_that_is_no_line_of_text_is_refused(tunnel: Tunnel, path: bytes) -> None:
    tunnel.open()
    tunnel.say(
        b"GET " + path + b" HTTP/1.1\r\nHost: management.azure.com\r\nConnection: close\r\n\r\n"
    )

    answer = tunnel.answer()

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Invalid URL" in answer


@pytest.mark.parametrize(
    "proof", [b"Basic \xff", b"Basic \xc3\xa9:x", b"junk", b"Basic =", b"Basic /w=="]
)
def test_proxy_credentials_that_cannot_be_read_are_refused(proxy: Proxy, proof: bytes) -> None:
    common = b" HTTP/1.1\r\nHost: management.azure.com\r\nProxy-Authorization: " + proof + b"\r\n"

    tunnel = proxy.raw(b"CONNECT management.azure.com:443" + common + b"\r\n")
    plain = proxy.raw(b"GET http://management.azure.com/" + common + b"Connection: close\r\n\r\n")

    assert tunnel.startswith(b"HTTP/1.1 407 ")
    assert plain.startswith(b"HTTP/1.1 407 ")


def test_nothing_is_dialled_whatever_is_asked(proxy: Proxy) -> None:
    with socket.create_server(("127.0.0.1", 0)) as trap:
        trap.settimeout(0.5)
        place = b"127.0.0.1:%d" % trap.getsockname()[1]
        local = b"localhost:%d" % trap.getsockname()[1]
        for target in (place, local):
            for asked in (
                b"CONNECT " + target + b" HTTP/1.1\r\n\r\n",
                b"GET http://" + target + b"/ HTTP/1.1\r\nHost: " + target + b"\r\n\r\n",
                b"GET / HTTP/1.1\r\nHost: " + target + b"\r\nConnection: close\r\n\r\n",
            ):
                proxy.raw(asked)
        with pytest.raises(TimeoutError):
            trap.accept()


def test_the_sandbox_listens_for_this_machine_only(proxy: Proxy) -> None:
    assert proxy.front._server is not None
    places = {line.getsockname()[0] for line in proxy.front._server.sockets}

    assert places == {"127.0.0.1"}


def test_a_client_that_leaves_in_the_middle_leaves_nothing_behind(proxy: Proxy) -> None:
    for sent in (b"CONN", TUNNEL, TUNNEL + b"\x16\x03\x01", HEAD):
        with socket.create_connection(("127.0.0.1", proxy.front.port), timeout=PATIENCE) as line:
            line.sendall(sent)

    deadline = time.monotonic() + PATIENCE
    while (proxy.front.upgrades or proxy.front.state.connections) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not proxy.front.upgrades
    assert answers(proxy)
