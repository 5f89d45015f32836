"""A running sandbox with a cluster, and PostgreSQL servers that are reached from its network."""

import asyncio
import base64
import shlex
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from sandbox.cluster.controllers.kubelet import tunnel
from sandbox.engines.postgresql import engine

PROJECT = Path(__file__).parents[3]
ARM = "https://management.azure.com"
LOGIN_HOST = "https://login.microsoftonline.com"
PATIENCE = 60.0  # Seconds, on a loaded machine.
PASSWORD = "Correct-Horse-9"  # Of a server that lives for a test.
LOGIN = "pgadmin"
VERSIONS = {
    "Microsoft.DBforPostgreSQL": "2025-08-01",
    "Microsoft.ContainerService": "2025-10-01",
    "Microsoft.Network/privateDnsZones": "2024-06-01",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without an engine nothing listens behind a server."""
    if engine.present():
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=engine.absence()))


def command(name: str, state: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the sandbox."""
    return subprocess.run(
        [sys.executable, "-m", "sandbox", name, "--state", str(state), *options],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


class Tunnels:
    """Loopback addresses that lead through the proxy, as pods have them."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._stack = AsyncExitStack()
        self._known: dict[tuple[str, str], str] = {}
        self.told: list[str] = []

    def address(self, proxy: str, host: str) -> str:
        if (proxy, host) not in self._known:
            opening = self._stack.enter_async_context(
                tunnel.through(proxy, host, 5432, self.told.append)
            )
            done = asyncio.run_coroutine_threadsafe(opening, self._loop)
            self._known[proxy, host] = done.result(PATIENCE)
        return self._known[proxy, host]

    def close(self) -> None:
        closing = asyncio.run_coroutine_threadsafe(self._stack.aclose(), self._loop)
        closing.result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()


@dataclass
class Lab:
    """A sandbox and what is built in it."""

    state: Path
    environment: dict[str, str] = field(default_factory=dict)
    tunnels: Tunnels = field(default_factory=Tunnels)
    network: str = "aks"
    ways: dict[str, str] = field(default_factory=dict)

    # --- The sandbox ---------------------------------------------------------------------------

    def up(self, profile: str = "instant") -> None:
        done = command("up", self.state, "--port", "0", "--profile", profile)
        assert done.returncode == 0, done.stderr
        self.environment = exported(done.stdout)
        self.ways.clear()

    def down(self) -> None:
        command("down", self.state)

    # --- Resource Manager ----------------------------------------------------------------------

    @property
    def group(self) -> str:
        return f"/subscriptions/{self.environment['ARM_SUBSCRIPTION_ID']}/resourceGroups/lab"

    def arm(self, verb: str, path: str, body: Any = None) -> httpx.Response:
        """Ask ARM; a path that begins with a letter is below the group `lab`."""
        full = path if path.startswith("/") else f"{self.group}/providers/{path}"
        version = next((VERSIONS[one] for one in VERSIONS if one in full), "2024-11-01")
        trust = ssl.create_default_context(cafile=self.environment["SSL_CERT_FILE"])
        proxy = self.environment["HTTPS_PROXY"]
        with httpx.Client(proxy=proxy, verify=trust, timeout=PATIENCE) as client:
            headers = {"Authorization": f"Bearer {self.token(client)}"}
            params = {"api-version": version}
            return client.request(verb, ARM + full, params=params, json=body, headers=headers)

    def token(self, client: httpx.Client) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.environment["ARM_CLIENT_ID"],
            "client_secret": self.environment["ARM_CLIENT_SECRET"],
            "scope": f"{ARM}/.default",
        }
        address = f"{LOGIN_HOST}/{self.environment['ARM_TENANT_ID']}/oauth2/v2.0/token"
        return str(client.post(address, data=form).json()["access_token"])

    def make(self, path: str, body: Mapping[str, Any]) -> str:
        """Create or change a resource; return its id."""
        answer = self.arm("PUT", path, body)
        assert answer.is_success, answer.text
        return path if path.startswith("/") else f"{self.group}/providers/{path}"

    def build(self) -> None:
        """A group, a network with a subnet for servers, a zone in it, and a cluster."""
        self.make(self.group, {"location": "westeurope"})
        service = {"serviceName": "Microsoft.DBforPostgreSQL/flexibleServers"}
        delegation = {"name": "pg", "properties": service}
        network = self.make(
            "Microsoft.Network/virtualNetworks/net",
            {
                "location": "westeurope",
                "properties": {
                    "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
                    "subnets": [
                        {"name": "aks", "properties": {"addressPrefix": "10.1.0.0/22"}},
                        {
                            "name": "pg",
                            "properties": {
                                "addressPrefix": "10.1.4.0/28",
                                "delegations": [delegation],
                            },
                        },
                    ],
                },
            },
        )
        zone = "Microsoft.Network/privateDnsZones/lab.private.postgres.database.azure.com"
        self.make(zone, {"location": "global"})
        link = {"virtualNetwork": {"id": network}, "registrationEnabled": False}
        self.make(f"{zone}/virtualNetworkLinks/net", {"location": "global", "properties": link})
        self.new_cluster("aks", f"{network}/subnets/aks")

    def new_cluster(self, name: str, subnet: str = "") -> None:
        pool = {"name": "system", "mode": "System", "vmSize": "Standard_D2s_v5", "count": 1}
        placed = pool | ({"vnetSubnetID": subnet} if subnet else {})
        self.make(
            f"Microsoft.ContainerService/managedClusters/{name}",
            {
                "location": "westeurope",
                "identity": {"type": "SystemAssigned"},
                "properties": {"dnsPrefix": name, "agentPoolProfiles": [placed]},
            },
        )

    # --- PostgreSQL ----------------------------------------------------------------------------

    def new_server(self, name: str, *, public: bool = False, **properties: Any) -> "Server":
        group = f"{self.group}/providers/Microsoft.Network"
        private = {
            "delegatedSubnetResourceId": f"{group}/virtualNetworks/net/subnets/pg",
            "privateDnsZoneArmResourceId": (
                f"{group}/privateDnsZones/lab.private.postgres.database.azure.com"
            ),
        }
        wanted = {
            "version": "17",
            "administratorLogin": LOGIN,
            "administratorLoginPassword": PASSWORD,
            "network": {"publicNetworkAccess": "Enabled"} if public else private,
        }
        path = self.make(
            f"Microsoft.DBforPostgreSQL/flexibleServers/{name}",
            {
                "location": "westeurope",
                "sku": {"name": "Standard_D2ds_v5", "tier": "GeneralPurpose"},
                "properties": wanted | properties,
            },
        )
        return Server(self, name, path)

    def way(self, network: str) -> str:
        """The proxy for those who stand in a network."""
        if network not in self.ways:
            done = command("env", self.state, "--inside", network)
            assert done.returncode == 0, done.stderr
            self.ways[network] = exported(done.stdout)["HTTPS_PROXY"]
        return self.ways[network]


@dataclass
class Server:
    """A flexible server, from both of its sides."""

    lab: Lab
    name: str
    id: str

    @property
    def host(self) -> str:
        return f"{self.name}.postgres.database.azure.com"

    def connect(self, network: str = "", **options: Any) -> "psycopg.Connection[Any]":
        """A session of the administrator, from inside the cluster's network unless told else."""
        proxy = self.lab.way(network or self.lab.network)
        given: dict[str, Any] = {
            "host": self.host,
            "hostaddr": self.lab.tunnels.address(proxy, options.get("host", self.host)),
            "user": LOGIN,
            "password": PASSWORD,
            "dbname": "postgres",
            "sslmode": "verify-full",
            "sslrootcert": self.lab.environment["SSL_CERT_FILE"],
            "autocommit": True,
            "connect_timeout": int(PATIENCE),
        }
        return psycopg.connect(**given | options)

    def ask(self, statement: Any, **options: Any) -> Any:
        """The one value that a statement in a session of its own returns."""
        with self.connect(**options) as session:
            row = session.execute(statement).fetchone()
            return row[0] if row else None

    def run(self, *statements: Any, **options: Any) -> None:
        with self.connect(**options) as session:
            for statement in statements:
                session.execute(statement)

    def change(self, **properties: Any) -> None:
        answer = self.lab.arm("PATCH", self.id, {"properties": properties})
        assert answer.is_success, answer.text

    def set(self, parameter: str, value: str) -> httpx.Response:
        path = f"{self.id}/configurations/{parameter}"
        return self.lab.arm("PATCH", path, {"properties": {"value": value}})

    def parameter(self, name: str) -> Mapping[str, Any]:
        found: dict[str, Any] = self.lab.arm("GET", f"{self.id}/configurations/{name}").json()
        return dict(found["properties"])

    def act(self, action: str) -> None:
        answer = self.lab.arm("POST", f"{self.id}/{action}", {})
        assert answer.is_success, answer.text

    def refusal(self, network: str = "") -> str:
        """What the proxy says instead of opening a tunnel; outside of all networks by default."""
        way = httpx.URL(self.lab.way(network) if network else self.lab.environment["HTTPS_PROXY"])
        head = f"CONNECT {self.host}:5432 HTTP/1.1\r\nHost: {self.host}\r\n"
        if network:
            proof = base64.b64encode(way.userinfo).decode()
            head += f"Proxy-Authorization: Basic {proof}\r\n"
        with socket.create_connection((way.host, way.port), PATIENCE) as line:
            line.sendall(f"{head}\r\n".encode())
            return line.recv(4096).decode().partition("\r\n")[0]

    def processes(self) -> list[int]:
        """The postmasters that run for this server."""
        listed = subprocess.run(
            ["ps", "-ww", "-eo", "pid=,args="], capture_output=True, text=True, check=True
        ).stdout
        mark = f"-D {self.lab.state}/postgresql/{self.name}-"
        return [int(line.split()[0]) for line in listed.splitlines() if mark in line]


def exported(text: str) -> dict[str, str]:
    """The variables of `export NAME=value` lines."""
    lines = (shlex.split(line) for line in text.splitlines() if line.startswith("export "))
    return {name: value for name, _, value in (line[1].partition("=") for line in lines)}


def eventually(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "It did not come to this in time."
        time.sleep(0.05)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab(tmp_path_factory.mktemp("postgresql").resolve() / "sandbox")
    lab.up()
    try:
        lab.build()
        yield lab
    finally:
        lab.down()
        lab.tunnels.close()


@pytest.fixture(scope="module")
def server(lab: Lab, request: pytest.FixtureRequest) -> Server:
    """A server that the tests of one module share."""
    name = str(request.module.__name__).rpartition(".")[2].removeprefix("test_")
    return lab.new_server(f"lab-{name.replace('_', '-')}")
