"""A running sandbox as its machine sees it: files, sockets, and whom it calls."""

import json
import os
import signal
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key

from sandbox.arm import SUBSCRIPTION, TENANT

PATIENCE = 60.0
# Every connection and every look-up of the process is written down, whoever makes it.
HOOK = """
import os, sys
log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
EVENTS = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
def note(event, arguments):
    if event in EVENTS:
        told = [str(one) for one in arguments if not hasattr(one, "fileno")]
        os.write(log, f"{event} {told}\\n".encode())
sys.addaudithook(note)
"""
WATCHED = (
    HOOK
    + """
from sandbox.commands import main
main(["run", "--port", "0", "--profile", "instant", "--state", sys.argv[2]])
"""
)


class Running:
    """A sandbox under watch."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.calls = folder / "calls"
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WATCHED, str(self.calls), str(self.state)],
                env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
                stdout=log,
                stderr=log,
            )
        place = self.state / "running.json"
        deadline = time.monotonic() + PATIENCE
        while not place.exists() and self.process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.02)
        assert place.exists(), (folder / "log").read_text()
        self.port = json.loads(place.read_text())["port"]

    def client(self) -> httpx.Client:
        trust = ssl.create_default_context(cafile=self.state / "ca.pem")
        proxy = f"http://127.0.0.1:{self.port}"
        return httpx.Client(proxy=proxy, verify=trust, trust_env=False, timeout=PATIENCE)

    def raw(self, sent: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as line:
            line.sendall(sent)
            return line.recv(65536)

    def token(self, client: httpx.Client, **form: str) -> httpx.Response:
        identity = json.loads((self.state / "identity.json").read_text())
        asked = {
            "grant_type": "client_credentials",
            "client_id": identity["client"],
            "client_secret": identity["secret"],
            "scope": "https://management.azure.com/.default",
        }
        address = f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
        return client.post(address, data=asked | form)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    made = Running(tmp_path_factory.mktemp("watched"))
    yield made
    made.process.kill()
    made.process.wait()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_holds_a_secret_is_its_owners_alone(running: Running) -> None:
    secret = ["ca.key", "signing.key", "identity.json", "environment", "running.json"]
    secret += [path.name for path in running.state.glob("snapshot*")]

    assert mode(running.state) == 0o700
    assert {name: oct(mode(running.state / name)) for name in secret} == dict.fromkeys(
        secret, "0o600"
    )


def test_an_authority_is_made_for_each_state_directory(running: Running, tmp_path: Path) -> None:
    other = Running(tmp_path)
    try:
        keys = {(one.state / "ca.key").read_bytes() for one in (running, other)}
        with other.client() as stranger:
            trust = ssl.create_default_context(cafile=running.state / "ca.pem")
            proxy = f"http://127.0.0.1:{other.port}"
            with (
                httpx.Client(proxy=proxy, verify=trust, trust_env=False) as client,
                pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"),
            ):
                client.get("https://management.azure.com/metadata/endpoints")
            assert stranger.get("https://management.azure.com/metadata/endpoints").is_success
    finally:
        other.process.kill()
        other.process.wait()

    assert len(keys) == 2


def listening(pid: int) -> set[str]:
    """Addresses, as the kernel writes them, on which a process and what it started listen."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(str(link.readlink()))
        except OSError:
            continue  # It was closed meanwhile.
    found = set()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            parts = line.split()
            bound = parts[3] == "0A" or table.startswith("udp")
            if bound and f"socket:[{parts[9]}]" in inodes:
                found.add(parts[1].partition(":")[0])
    return found


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="needs /proc")
def test_it_listens_for_this_machine_only(running: Running) -> None:
    assert listening(running.process.pid) == {"0100007F"}  # 127.0.0.1


def test_whatever_is_asked_of_it_nothing_leaves_the_machine(running: Running) -> None:
    for host in ("example.com", "8.8.8.8", "login.live.com", "169.254.169.254", "localhost"):
        running.raw(f"CONNECT {host}:443 HTTP/1.1\r\n\r\n".encode())
        running.raw(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    with running.client() as client:
        bearer = {"Authorization": f"Bearer {running.token(client).json()['access_token']}"}
        group = f"https://management.azure.com/subscriptions/{SUBSCRIPTION}/resourceGroups/lab"
        version = {"api-version": "2024-11-30"}

        def put(path: str, body: object) -> httpx.Response:
            return client.put(group + path, json=body, params=version, headers=bearer)

        assert put("", {"location": "westeurope"}).is_success
        registry = "/providers/Microsoft.ContainerRegistry/registries/watched"
        put(registry, {"location": "westeurope", "sku": {"name": "Premium"}})
        image = {"registryUri": "docker.io", "sourceImage": "library/nginx:1"}
        source = {"source": image, "targetTags": ["nginx:1"]}
        client.post(f"{group}{registry}/importImage", json=source, params=version, headers=bearer)
        person = "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/app"
        made = put(person, {"location": "westeurope"}).json()
        trusted = {"issuer": "https://example.com/", "subject": "s", "audiences": ["a"]}
        put(f"{person}/federatedIdentityCredentials/one", {"properties": trusted})
        claims = {"iss": "https://example.com/", "sub": "s", "aud": "a", "exp": 4_000_000_000}
        assertion = jwt.encode(claims, generate_private_key(65537, 2048), "RS256", {"kid": "x"})
        refused = running.token(
            client,
            client_id=made["properties"]["clientId"],
            client_secret="",
            client_assertion=assertion,
            client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        )
        assert refused.status_code in (400, 401)
        account = "/providers/Microsoft.Storage/storageAccounts/watchedstg"
        put(
            account,
            {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"},
        )

    assert abroad(running.calls) == []


def abroad(calls: Path) -> list[str]:
    """What was called, apart from this machine and sockets in its files."""
    homes = ("127.0.0.1", "::1", "/")
    return [
        line
        for line in calls.read_text().splitlines()
        if not any(f"{sign}{home}" in line for home in homes for sign in ("'", '"'))
    ]


def test_a_call_abroad_would_have_been_seen(tmp_path: Path) -> None:
    program = (
        HOOK + "import socket; socket.socket(type=socket.SOCK_DGRAM).connect(('192.0.2.1', 9))"
    )

    subprocess.run([sys.executable, "-c", program, str(tmp_path / "calls")], check=False)

    assert [line for line in abroad(tmp_path / "calls") if "192.0.2.1" in line]


def test_a_sandbox_that_is_asked_to_end_leaves_nothing_running(tmp_path: Path) -> None:
    made = Running(tmp_path)

    made.process.send_signal(signal.SIGTERM)

    assert made.process.wait(PATIENCE) == 0
    assert not (made.state / "running.json").exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", made.port), timeout=PATIENCE)
