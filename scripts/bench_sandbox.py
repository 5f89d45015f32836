"""
Measure what the sandbox promises about its own speed: answers, growth, memory, restarts.

`at a pace` means: sixteen clients that together send 300 requests a second, as tools and people
do. `flat out` means: each of them sends its next request the moment it has the last answer, so
the time of an answer is mostly waiting behind fifteen others. Processor time tells more than
either on a machine that is busy with other things, too.
"""

import json
import os
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import cyclopts
import httpx
from rich import box
from rich.console import Console
from rich.table import Table

PROJECT = Path(__file__).parents[1]
CLIENTS = Path(__file__).with_name("bench_clients.py")
ENVIRONMENTS = 100
CLUSTERS = 10  # Of the environments; each cluster is a whole Kubernetes API.
ARM = "management.azure.com"
OFFICER = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7"  # Key Vault Secrets Officer.
SECRETS = [f"secret-{number}" for number in range(15)]
IDENTITIES = [f"identity-{number}" for number in range(8)]
SHORT = 80  # Entries of a list.
PLACE = {"location": "westeurope"}
VERSION = "api-version=2024-11-30"

screen = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class Row:
    """One measurement, and what the sandbox promises at most, or at least."""

    what: str
    found: float
    unit: str
    limit: float | None = None
    least: bool = False

    def cells(self) -> tuple[str, str, str]:
        word = "at least " if self.least else ""
        promise = "" if self.limit is None else f"{word}{self.limit:g} {self.unit}"
        digits = 1 if self.found < 100 else 0  # noqa: PLR2004  # What one can tell apart.
        return self.what, f"{self.found:.{digits}f} {self.unit}", promise


class Sandbox:
    """One that runs in a folder of its own, and the deployer's way to ask it."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "sandbox"
        self.variables: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.http = httpx.Client()

    def command(self, *arguments: str) -> str:
        argv = [sys.executable, "-m", "sandbox", *arguments, "--state", str(self.state)]
        foreign = ("ARM_", "AZURE_", "TF_")
        env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return subprocess.check_output(argv, cwd=PROJECT, env=env, text=True)

    def up(self) -> float:
        """Start, or start again; the seconds until it is ready."""
        began = time.perf_counter()
        printed = self.command("up", "--port", "0", "--profile", "instant")
        taken = time.perf_counter() - began
        lines = (line.removeprefix("export ") for line in printed.splitlines())
        pairs = (line.partition("=") for line in lines)
        self.variables = {name: value.strip("'") for name, _, value in pairs}
        trust = ssl.create_default_context(cafile=self.variables["SSL_CERT_FILE"])
        self.http = httpx.Client(
            proxy=self.variables["HTTPS_PROXY"], verify=trust, trust_env=False, timeout=60
        )
        return taken

    def token(self, audience: str) -> str:
        if audience not in self.tokens:
            answer = self.http.post(
                f"https://login.microsoftonline.com/{self.variables['ARM_TENANT_ID']}"
                "/oauth2/v2.0/token",
                data={
                    "grant_type": "client_credentials",
                    "client_id": self.variables["ARM_CLIENT_ID"],
                    "client_secret": self.variables["ARM_CLIENT_SECRET"],
                    "scope": f"{audience}/.default",
                },
            )
            self.tokens[audience] = answer.raise_for_status().json()["access_token"]
        return self.tokens[audience]

    def put(self, path: str, body: Any, host: str = ARM) -> None:
        vault = host != ARM
        version = "api-version=7.4" if vault else VERSION
        audience = "https://vault.azure.net" if vault else f"https://{ARM}"
        headers = {"Authorization": f"Bearer {self.token(audience)}"}
        address = f"https://{host}{path}?{version}"
        answer = self.http.put(address, json=body, headers=headers)
        if answer.is_error:
            raise RuntimeError(f"{path}: {answer.status_code} {answer.text}")

    def measure(
        self, path: str, host: str = ARM, *, paced: bool = True, body: Any = None
    ) -> dict[str, float]:
        """Let the clients ask for one address."""
        vault = host != ARM
        version = "api-version=7.4" if vault else VERSION
        audience = "https://vault.azure.net" if vault else f"https://{ARM}"
        content = "" if body is None else json.dumps(body)
        request = (
            f"{'GET' if body is None else 'PUT'} {path}?{version} HTTP/1.1\r\nHost: {host}\r\n"
            f"Authorization: Bearer {self.token(audience)}\r\nAccept: */*\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n{content}"
        )
        order = {
            "proxy": self.variables["HTTPS_PROXY"],
            "authority": self.variables["SSL_CERT_FILE"],
            "host": host,
            "request": request,
            "paced": paced,
        }
        argv = [sys.executable, str(CLIENTS)]
        before = self.spent()
        told = subprocess.check_output(argv, input=json.dumps(order), text=True)
        found: dict[str, float] = json.loads(told)
        return found | {"server": (self.spent() - before) / found["count"]}

    @property
    def running(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.state / "running.json").read_text())
        return found

    def asked(self, path: str) -> str:
        """What it tells those who can read its state directory."""
        running = self.running
        headers = {"Authorization": f"Bearer {running['token']}"}
        answer = httpx.get(f"http://127.0.0.1:{running['port']}{path}", headers=headers)
        return answer.raise_for_status().text

    def memory(self) -> float:
        """Megabytes that its process holds."""
        lines = Path(f"/proc/{self.running['pid']}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024

    def spent(self) -> float:
        """Milliseconds of processor time that it has used."""
        fields = Path(f"/proc/{self.running['pid']}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") * 1000


def environment(number: int, sandbox: Sandbox, *, cluster: bool) -> None:
    """What one deployment of this project has in Azure, about; no databases."""
    subscription = f"/subscriptions/{sandbox.variables['ARM_SUBSCRIPTION_ID']}"
    group = f"{subscription}/resourceGroups/bench-{number}"
    here = f"{group}/providers"
    sandbox.put(group, PLACE)
    subnets = [
        {"name": name, "properties": {"addressPrefix": f"10.0.{at}.0/24"}}
        for at, name in enumerate(("nodes", "endpoints", "database", "services"))
    ]
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": subnets}
    network = f"{here}/Microsoft.Network/virtualNetworks/net"
    sandbox.put(network, PLACE | {"properties": space})
    sandbox.put(f"{here}/Microsoft.Network/networkSecurityGroups/nodes", PLACE)
    for name in IDENTITIES:
        sandbox.put(f"{here}/Microsoft.ManagedIdentity/userAssignedIdentities/{name}", PLACE)
    for zone in ("vaultcore", "blob", "azurecr"):
        address = f"{here}/Microsoft.Network/privateDnsZones/privatelink.{zone}.example"
        sandbox.put(address, {"location": "global"})
        link = {"registrationEnabled": False, "virtualNetwork": {"id": network}}
        place = {"location": "global", "properties": link}
        sandbox.put(f"{address}/virtualNetworkLinks/net", place)
    properties: dict[str, Any] = {
        "tenantId": sandbox.variables["ARM_TENANT_ID"],
        "sku": {"family": "A", "name": "standard"},
        "networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow"},
    }
    vault = f"{here}/Microsoft.KeyVault/vaults/bench-kv-{number}"
    sandbox.put(vault, PLACE | {"properties": properties})
    deployer = json.loads((sandbox.state / "identity.json").read_text())["object"]
    role = f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{OFFICER}"
    wanted = {
        "roleDefinitionId": role,
        "principalId": deployer,
        "principalType": "ServicePrincipal",
    }
    assignment = f"providers/Microsoft.Authorization/roleAssignments/{guid(number)}"
    sandbox.put(f"{vault}/{assignment}", {"properties": wanted})
    for name in SECRETS:
        sandbox.put(f"/secrets/{name}", {"value": "x" * 64}, host(number))
    account = PLACE | {"sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    sandbox.put(f"{here}/Microsoft.Storage/storageAccounts/bench{number}", account)
    registry = PLACE | {"sku": {"name": "Premium"}}
    sandbox.put(f"{here}/Microsoft.ContainerRegistry/registries/bench{number}", registry)
    if cluster:
        pool = {"name": "system", "mode": "System", "count": 1, "vmSize": "Standard_D4s_v5"}
        cluster_properties = {"dnsPrefix": "bench", "agentPoolProfiles": [pool]}
        body = PLACE | {"identity": {"type": "SystemAssigned"}, "properties": cluster_properties}
        sandbox.put(f"{here}/Microsoft.ContainerService/managedClusters/bench-{number}", body)


def guid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def host(number: int) -> str:
    return f"bench-kv-{number}.vault.azure.net"


@contextmanager
def fresh() -> Iterator[Sandbox]:
    """A sandbox that leaves nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="bench-"))
    sandbox = Sandbox(folder)
    try:
        yield sandbox
    finally:
        sandbox.command("down")
        shutil.rmtree(folder, ignore_errors=True)


def measure() -> Iterator[Row]:
    """One measurement after the other: an almost empty sandbox first, a full one then."""
    with fresh() as sandbox:
        yield Row("ready", sandbox.up(), "s", limit=2)
        environment(0, sandbox, cluster=True)
        group = f"/subscriptions/{sandbox.variables['ARM_SUBSCRIPTION_ID']}/resourceGroups/bench-0"
        identity = f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/identity-0"
        secret = "/secrets/secret-0"  # noqa: S105  # An address.
        read = sandbox.measure(identity)
        yield Row("ARM GET at a pace, median", read["median"], "ms", limit=5)
        yield Row("ARM GET at a pace, 99th percentile", read["p99"], "ms")
        kept = sandbox.measure(secret, host(0))
        yield Row("Key Vault GET at a pace, median", kept["median"], "ms", limit=8)
        rush = sandbox.measure(identity, paced=False)
        yield Row("ARM GET flat out", rush["rate"], "requests/s", limit=300, least=True)
        yield Row("ARM GET flat out, median", rush["median"], "ms")
        yield Row("ARM GET, processor time", rush["server"], "ms")
        yield Row("ARM GET, processor time of clients", rush["client"], "ms")
        few = sandbox.measure(identity, paced=False, body=PLACE)
        yield Row("ARM PUT flat out", few["rate"], "requests/s", limit=300, least=True)
        yield Row("ARM PUT, processor time", few["server"], "ms")
        yield Row("kubectl get pods, median", kubectl(sandbox), "ms", limit=150)
        yield from growth(sandbox, few, read)


def growth(sandbox: Sandbox, few: dict[str, float], read: dict[str, float]) -> Iterator[Row]:
    """The same with a hundred environments, and what they cost."""
    with ThreadPoolExecutor(4) as pool:
        made = [
            pool.submit(environment, number, sandbox, cluster=number < CLUSTERS)
            for number in range(1, ENVIRONMENTS)
        ]
        for one in made:
            one.result()
    status = json.loads(sandbox.command("status", "--json"))
    yield Row("resources of a hundred environments", status["resources"], "resources")
    yield Row(f"memory with them and {CLUSTERS} clusters", sandbox.memory(), "MB", limit=400)
    subscription = f"/subscriptions/{sandbox.variables['ARM_SUBSCRIPTION_ID']}"
    kind = "providers/Microsoft.ManagedIdentity/userAssignedIdentities"
    group = f"{subscription}/resourceGroups/bench-{ENVIRONMENTS // 2}"
    identity = f"{group}/{kind}/identity-0"
    full = sandbox.measure(identity)
    yield Row("ARM GET then, at a pace, median", full["median"], "ms", limit=5)
    growth = full["server"] / read["server"]
    yield Row("ARM GET then, processor time beside the first", growth, "times", limit=1.5)
    kept = sandbox.measure("/secrets/secret-0", host(ENVIRONMENTS // 2))
    yield Row("Key Vault GET then, at a pace, median", kept["median"], "ms", limit=8)
    many = sandbox.measure(identity, paced=False, body=PLACE)
    yield Row("ARM PUT then, flat out", many["rate"], "requests/s", limit=300, least=True)
    growth = many["server"] / few["server"]
    yield Row("ARM PUT then, processor time beside the first", growth, "times", limit=1.5)
    sandbox.put(f"{subscription}/resourceGroups/list", PLACE)
    for number in range(SHORT):
        sandbox.put(f"{subscription}/resourceGroups/list/{kind}/{number}-of-the-list", PLACE)
    short = sandbox.measure(f"{subscription}/resourceGroups/list/{kind}", paced=False)
    long = sandbox.measure(f"{subscription}/{kind}", paced=False)
    entries = SHORT + len(IDENTITIES) * ENVIRONMENTS
    growth = (long["server"] / entries) / (short["server"] / SHORT)
    yield Row(f"an entry in a list of {entries}, beside one in {SHORT}", growth, "times", limit=1.5)
    sandbox.command("down")
    yield Row("ready again with all of it", sandbox.up(), "s", limit=2)


def kubectl(sandbox: Sandbox, tries: int = 9) -> float:
    """Milliseconds of a whole `kubectl get pods`, process and all."""
    told = sandbox.asked("/clusters/bench-0/kubeconfig")
    file = sandbox.state / "bench.kubeconfig"
    file.write_text(told)
    command = ["kubectl", "get", "pods", "-A", "--kubeconfig", str(file)]
    taken = []
    for _ in range(tries):
        began = time.perf_counter()
        subprocess.check_output(command)
        taken.append(time.perf_counter() - began)
    return statistics.median(taken) * 1000


def table(rows: Sequence[Row]) -> Table:
    made = Table("what", "measured", "promised", box=box.MARKDOWN)
    for row in rows:
        made.add_row(*row.cells())
    return made


def main(
    *,
    machine: Annotated[bool, cyclopts.Parameter(name="--json", negative="")] = False,
) -> None:
    """Measure a sandbox of its own, and print a table."""
    rows = []
    for row in measure():
        screen.print(*row.cells(), style="dim")
        rows.append(row)
    if machine:
        sys.stdout.write(json.dumps([asdict(row) for row in rows]) + "\n")
    else:
        load = f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"
        Console(width=120).print(load, table(rows), highlight=False)


if __name__ == "__main__":
    cyclopts.run(main)
