"""A network that loses answers, as azurerm meets it."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest
import trustme

from sandbox.terraform_provider import transport
from sandbox.terraform_provider.errors import ProviderError
from sandbox.terraform_provider.transport import Transport

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"


@dataclass
class Service:
    """Hears requests; the answers of the first ones get lost on the way."""

    address: str
    loses: int = 0
    heard: list[str] = field(default_factory=list)

    def serve(self, listener: socket.socket, context: ssl.SSLContext) -> None:
        while True:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
                self.heard.append(connection.recv(65536).split(b" ", 1)[0].decode())
                if len(self.heard) > self.loses:
                    connection.sendall(ANSWER)


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(transport, "PAUSES", (0.01, 0.01))
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        authority.cert_pem.tempfile() as trusted,
    ):
        monkeypatch.setenv("SSL_CERT_FILE", trusted)
        found = Service(f"https://127.0.0.1:{listener.getsockname()[1]}")
        threading.Thread(target=found.serve, args=(listener, context), daemon=True).start()
        yield found


def test_a_request_whose_answer_was_lost_is_sent_again(service: Service) -> None:
    service.loses = 2

    reply = Transport().send("PUT", f"{service.address}/group", None, {})

    assert reply.status == 200
    assert service.heard == ["PUT", "PUT", "PUT"]


def test_a_network_that_stays_away_ends_with_its_own_words(service: Service) -> None:
    service.loses = 99

    with pytest.raises(ProviderError, match=r"^PUT https://127\.0\.0\.1:\d+: .*(closed|reset)"):
        Transport().send("PUT", f"{service.address}/group", None, {})

    assert len(service.heard) == 3


def test_a_certificate_that_is_not_trusted_is_no_matter_of_patience(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")

    with pytest.raises(ProviderError, match="CERTIFICATE_VERIFY_FAILED"):
        Transport().send("GET", f"{service.address}/group", None, {})
