"""A running sandbox with storage accounts in it, for clients that were written by others."""

import os
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.storage.blob import BlobServiceClient

from sandbox.engines.azurite import process

PROJECT = Path(__file__).parents[3]
ARM = "https://management.azure.com"
VERSIONS = {"Microsoft.Storage": "2025-08-01", "Microsoft.Authorization": "2022-04-01"}
CLUSTER = "lab-aks"
PATIENCE = 60  # Seconds, on a loaded machine.
Found = TypeVar("Found")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without Azurite there are no blobs to test."""
    if (process.INSTALLED / "azurite").is_dir():
        return
    reason = "Azurite is not installed: scripts/engines.sh azurite"
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


def sandbox(command: str, state: Path, *options: str) -> str:
    """What a command of the sandbox prints."""
    done = subprocess.run(
        [sys.executable, "-m", "sandbox", command, "--state", str(state), *options],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def exported(text: str) -> dict[str, str]:
    """The variables of `export NAME=value` lines."""
    lines = (shlex.split(line) for line in text.splitlines() if line.startswith("export "))
    return {name: value for name, _, value in (line[1].partition("=") for line in lines)}


@dataclass(frozen=True)
class Account:
    """A storage account of the lab."""

    lab: "Lab"
    name: str
    id: str

    @property
    def url(self) -> str:
        return f"https://{self.name}.blob.core.windows.net"

    def keys(self) -> dict[str, str]:
        answer = self.lab.arm("POST", f"{self.id}/listKeys")
        return {key["keyName"]: key["value"] for key in answer.json()["keys"]}

    def change(self, **properties: Any) -> None:
        answer = self.lab.arm("PATCH", self.id, {"properties": properties})
        assert answer.is_success, answer.text

    def client(self, credential: Any = None, url: str = "") -> BlobServiceClient:
        """A client of the account, with its first key unless told otherwise; it never retries."""
        credential = self.keys()["key1"] if credential is None else credential
        return BlobServiceClient(url or self.url, credential, retry_total=0)


@dataclass
class Lab:
    """A sandbox with an empty resource group, and its deployer."""

    state: Path
    environment: Mapping[str, str]

    @property
    def group(self) -> str:
        return f"/subscriptions/{self.environment['ARM_SUBSCRIPTION_ID']}/resourceGroups/lab"

    @cached_property
    def credential(self) -> ClientSecretCredential:
        names = ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET")
        return ClientSecretCredential(*(self.environment[f"ARM_{name}"] for name in names))

    @property
    def deployer(self) -> str:
        """The object id of the deployer."""
        found = self.arm("GET", f"{self.group}/providers/Microsoft.Authorization/roleAssignments")
        return str(found.json()["value"][0]["properties"]["principalId"])

    def arm(self, verb: str, path: str, body: Any = None) -> httpx.Response:
        token = self.credential.get_token(f"{ARM}/.default").token
        version = next((VERSIONS[one] for one in VERSIONS if one in path), "2024-11-01")
        return httpx.request(
            verb,
            ARM + path,
            params={"api-version": version},
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=PATIENCE,
        )

    def new_account(self, **properties: Any) -> Account:
        name = f"blob{uuid.uuid4().hex[:12]}"
        path = f"{self.group}/providers/Microsoft.Storage/storageAccounts/{name}"
        body = {"location": "westeurope", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
        made = self.arm("PUT", path, body | {"properties": properties})
        assert made.is_success, made.text
        return Account(self, name, path)

    def grant(self, role: str, principal: str, scope: str) -> str:
        """Assign a role; the id of the assignment."""
        base = f"{scope}/providers/Microsoft.Authorization"
        token = self.credential.get_token(f"{ARM}/.default").token
        found = httpx.get(
            f"{ARM}{base}/roleDefinitions",
            params={"api-version": "2022-04-01", "$filter": f"roleName eq '{role}'"},
            headers={"Authorization": f"Bearer {token}"},
        )
        properties = {
            "roleDefinitionId": found.json()["value"][0]["id"],
            "principalId": principal,
            "principalType": "ServicePrincipal",
        }
        path = f"{base}/roleAssignments/{uuid.uuid4()}"
        made = self.arm("PUT", path, {"properties": properties})
        assert made.is_success, made.text
        return path


def eventually(ask: Callable[[], Found]) -> Found:
    """The answer, once the roles that it takes have spread."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return ask()
        except HttpResponseError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def code(refusal: "pytest.ExceptionInfo[HttpResponseError]") -> tuple[int | None, str]:
    """Status and code of a refusal of Storage."""
    found = refusal.value.error_code  # type: ignore[attr-defined]  # the SDK adds it
    return refusal.value.status_code, str(getattr(found, "value", found))


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    state = tmp_path_factory.mktemp("blobs") / "sandbox"
    printed = sandbox("up", state, "--port", "0", "--profile", "instant")
    try:
        yield Lab(state, exported(printed))
    finally:
        sandbox("down", state)


def new_subnet(lab: Lab) -> str:
    """The id of a subnet for nodes and endpoints."""
    path = f"{lab.group}/providers/Microsoft.Network/virtualNetworks/lab-vnet"
    subnet = {"name": "all", "properties": {"addressPrefix": "10.1.0.0/24"}}
    space = {"addressSpace": {"addressPrefixes": ["10.1.0.0/16"]}, "subnets": [subnet]}
    made = lab.arm("PUT", path, {"location": "westeurope", "properties": space})
    assert made.is_success, made.text
    return f"{path}/subnets/all"


def cluster(subnet: str = "", **properties: Any) -> dict[str, Any]:
    """The smallest cluster, as a request."""
    pool = {"name": "system", "mode": "System", "vmSize": "Standard_D4s_v5", "count": 1}
    pool |= {"vnetSubnetID": subnet} if subnet else {}
    return {
        "location": "westeurope",
        "identity": {"type": "SystemAssigned"},
        "properties": {"dnsPrefix": "lab", "agentPoolProfiles": [pool]} | properties,
    }


@pytest.fixture(scope="session")
def inside(running: Lab) -> dict[str, str]:
    """The variables of a program in the network of a cluster with one identity on its nodes."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in running.environment.items():
            patch.setenv(name, value)
        running.arm("PUT", running.group, {"location": "westeurope"})
        path = f"{running.group}/providers/Microsoft.ContainerService/managedClusters/{CLUSTER}"
        made = running.arm("PUT", path, cluster(new_subnet(running)))
        assert made.is_success, made.text
    return exported(sandbox("env", running.state, "--inside", CLUSTER))


@pytest.fixture
def lab(running: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """The sandbox, with every client of this process pointed to it."""
    for name in set(os.environ) & {"MSI_ENDPOINT", "IDENTITY_ENDPOINT"}:
        monkeypatch.delenv(name)
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    if running.arm("GET", running.group).status_code == httpx.codes.NOT_FOUND:
        running.arm("PUT", running.group, {"location": "westeurope"})
    return running


@pytest.fixture
def account(lab: Lab) -> Account:
    return lab.new_account()
