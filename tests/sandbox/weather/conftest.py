"""A sandbox that runs, and clients in its weather; every test begins under a clear sky."""

import json
import shlex
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest

PROJECT = Path(__file__).parents[3]
MANAGEMENT = "https://management.azure.com"
VERSION = {"api-version": "2024-11-30"}
PATIENCE = 60.0  # Seconds for what happens elsewhere, on a loaded machine.


@dataclass
class Sandbox:
    """A sandbox of its own, as its environment shows it."""

    state: Path
    environment: dict[str, str] = field(repr=False)

    @cached_property
    def running(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.state / "running.json").read_text())
        return found

    @property
    def group(self) -> str:
        return f"/subscriptions/{self.environment['ARM_SUBSCRIPTION_ID']}/resourceGroups/lab"

    @cached_property
    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.environment["SSL_CERT_FILE"])

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`python -m sandbox …` of this sandbox."""
        first, *rest = words
        own = [first, "--state", str(self.state), *rest]
        if first == "faults":
            own = [first, rest[0], "--state", str(self.state), *rest[1:]]
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", *own],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    # --- The weather ---------------------------------------------------------------------------

    def control(self, verb: str, path: str, **options: Any) -> httpx.Response:
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            headers = {"Authorization": f"Bearer {self.running['token']}"}
            address = f"http://127.0.0.1:{self.running['port']}{path}"
            return client.request(verb, address, headers=headers, **options)

    def add(self, plan: str) -> list[str]:
        """Let the faults of a plan come; their names."""
        answer = self.control("POST", "/faults", json={"text": plan})
        assert answer.status_code == 200, answer.text
        return list(answer.json()["added"])

    def use(self, scenario: str) -> None:
        answer = self.control("POST", "/faults", json={"scenario": scenario})
        assert answer.status_code == 200, answer.text

    def remove(self, name: str) -> None:
        assert self.control("DELETE", f"/faults/{name}").status_code == 200

    @property
    def faults(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control("GET", "/faults").json()["faults"]
        return found

    def logged(self, path: str) -> list[dict[str, Any]]:
        """The entries for a path, once there are some."""
        found: list[dict[str, Any]] = []

        def seen() -> bool:
            lines = (self.state / "requests.jsonl").read_text().splitlines()
            found[:] = [one for one in map(json.loads, lines) if one["path"] == path]
            return bool(found)

        until(seen)
        return found

    # --- Clients -------------------------------------------------------------------------------

    def client(self, **options: Any) -> httpx.Client:
        proxy = self.environment["HTTPS_PROXY"]
        return httpx.Client(
            proxy=proxy, verify=self.trust, trust_env=False, timeout=PATIENCE, **options
        )

    def token(self, audience: str = MANAGEMENT) -> str:
        variables = self.environment
        with self.client() as client:
            answer = client.post(
                f"https://login.microsoftonline.com/{variables['ARM_TENANT_ID']}/oauth2/v2.0/token",
                data={
                    "grant_type": "client_credentials",
                    "client_id": variables["ARM_CLIENT_ID"],
                    "client_secret": variables["ARM_CLIENT_SECRET"],
                    "scope": f"{audience}/.default",
                },
            )
        return str(answer.json()["access_token"])

    @cached_property
    def signed_in(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token()}"}

    def arm(self, verb: str, path: str, body: Any = None) -> httpx.Response:
        """Ask Resource Manager over a new connection."""
        with self.client() as client:
            address = f"{MANAGEMENT}{path}"
            headers = self.signed_in
            return client.request(verb, address, params=VERSION, json=body, headers=headers)

    def make_group(self) -> str:
        """A resource group for one test."""
        path = f"{self.group}-{uuid.uuid4().hex[:8]}"
        assert self.arm("PUT", path, {"location": "westeurope"}).status_code == 201
        return path

    def make_vault(self) -> str:
        """The address of a vault whose secrets the deployer may set."""
        path = f"{self.make_group()}/providers/Microsoft.KeyVault/vaults/kv{uuid.uuid4().hex[:12]}"
        acls = {"bypass": "AzureServices", "defaultAction": "Allow"}
        properties = {
            "tenantId": self.environment["ARM_TENANT_ID"],
            "sku": {"family": "A", "name": "standard"},
            "enableRbacAuthorization": True,
            "networkAcls": acls,
        }
        made = self.arm("PUT", path, {"location": "westeurope", "properties": properties})
        self.grant("b86a8fe4-44ce-4948-aee5-eccb2c155cd7", path)  # Key Vault Secrets Officer
        return str(made.json()["properties"]["vaultUri"])

    def grant(self, role: str, scope: str) -> None:
        """Give the deployer a role, by its id."""
        identity = json.loads((self.state / "identity.json").read_text())
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{uuid.uuid4()}"
        definition = f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{role}"
        properties = {
            "roleDefinitionId": definition,
            "principalId": identity["object"],
            "principalType": "ServicePrincipal",
        }
        answer = self.arm("PUT", path, {"properties": properties})
        assert answer.status_code == 201, answer.text


def until(happened: Callable[[], Any], patience: float = PATIENCE) -> None:
    """Wait for something that happens elsewhere."""
    deadline = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox in which nothing takes time, but for its weather."""
    found = Sandbox(tmp_path_factory.mktemp("weather") / "state", {})
    started = found.run("up", "--port", "0", "--profile", "instant", "--scale", "0.1")
    for line in started.stdout.splitlines():
        name, _, value = shlex.split(line)[1].partition("=")
        found.environment[name] = value
    yield found
    found.run("down")


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    yield running
    running.control("DELETE", "/faults")
