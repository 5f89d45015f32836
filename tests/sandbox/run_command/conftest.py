"""A cloud with one cluster as far as commands can see it, and one that sends them."""

import asyncio
import base64
import io
import re
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from sandbox import arm
from sandbox.arm import SUBSCRIPTION, ArmError, Caller, ResourceId, TokenError
from sandbox.cloud import container_service
from sandbox.cloud.container_service import ClusterAccess, Commands, Execution
from sandbox.latency import Latency
from sandbox.store import Resource, Store
from sandbox.weather import Weather

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lab"
CLUSTER = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters/lab-aks"
AUDIENCE = "6dae42f8-4368-4678-94ff-3960e28e3630"


@dataclass
class FakeCluster:
    """A cluster as far as commands can see it."""

    settings: Any
    room: bool = True
    starts: bool = True
    objection: str = ""
    pods: dict[str, Any] = field(default_factory=dict)

    async def create_pod(self, manifest: dict[str, Any]) -> dict[str, Any]:
        if self.objection:
            raise PermissionError(self.objection)
        self.pods[manifest["metadata"]["name"]] = manifest
        if self.room:
            manifest["spec"]["nodeName"] = "node-1"
        if self.room and self.starts:
            manifest["status"] = {"phase": "Running"}
        return manifest

    async def await_pod(
        self, made: dict[str, Any], reached: Callable[[Any], bool], seconds: float
    ) -> dict[str, Any] | None:
        name = made["metadata"]["name"]
        deadline = asyncio.get_running_loop().time() + min(seconds, 60)
        while name in self.pods and not reached(made) and self.room and self.starts:
            if asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.01)
        return self.pods.get(name)

    async def end_pod(self, made: dict[str, Any]) -> None:
        self.pods.pop(made["metadata"]["name"], None)

    def kubeconfig(self, token: str, proxy: str) -> str:
        return f"# token {token} through {proxy}\n"

    def admin_token(self) -> str:
        return "of-the-administrator"

    def entra_token(self, object_id: str) -> str:
        return f"of-{object_id}"


def check_token(token: str, audience: str) -> Caller:
    if token != "good" or audience != AUDIENCE:
        raise TokenError("The access token is not valid.")
    return Caller("alice", "application")


class Cloud:
    """A cloud with one cluster, and one that sends commands to it."""

    def __init__(self, folder: Path, latency: Latency | None = None) -> None:
        self.folder = folder
        self.store = Store(latency)
        settings = SimpleNamespace(proxy="http://net:token@127.0.0.1:1", ca=folder / "ca.pem")
        self.inside = FakeCluster(settings)
        self.cluster: ClusterAccess | None = self.inside
        runs = Execution(self.store.latency, folder / "run", Weather(self.store.latency))
        self.commands = Commands(self.access, check_token, runs, lambda _id: self.policies)
        self.policies: list[Resource] = []
        self.store.put(ResourceId(GROUP), {"location": "westeurope"})
        properties = {"powerState": {"code": "Running"}, "nodeResourceGroup": "MC_lab"}
        body = {"location": "westeurope", "properties": properties}
        self.resource, _ = self.store.put(ResourceId(CLUSTER), body)
        routes = container_service.routes(self.store, self.commands)
        for route in routes:  # As the application does for all of ARM.
            route.path_regex = re.compile(route.path_regex.pattern, re.IGNORECASE)
        app = Starlette(routes=routes, exception_handlers={arm.ArmError: arm.answer})

        async def known(scope: Any, receive: Any, send: Any) -> None:
            await app(scope | {"caller": Caller("object", "application")}, receive, send)

        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(known), base_url=f"https://{arm.HOST}"
        )

    async def access(self, _resource: Resource) -> ClusterAccess:
        if self.cluster is None:
            raise ArmError(404, "NotFound", "No cluster runs.")
        return self.cluster

    async def send(self, command: str, **more: Any) -> httpx.Response:
        url = f"{CLUSTER}/runCommand?api-version=2025-10-01"
        return await self.client.post(url, json={"command": command, **more})

    async def run(self, command: str, **more: Any) -> dict[str, Any]:
        """Send, poll the address of the answer, and return the properties of the result."""
        sent = await self.send(command, **more)
        assert sent.status_code == 202, sent.text
        while True:
            answer = await self.client.get(sent.headers["Location"])
            if answer.status_code != 202:
                found: dict[str, Any] = answer.json()["properties"]
                return found
            await asyncio.sleep(0.02)


Scenario = Callable[[Cloud], Awaitable[Any]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[[Scenario], Any]:
    """Play a scenario in a fresh cloud, and close the cloud after it."""

    def run(scenario: Scenario) -> Any:
        async def whole() -> Any:
            cloud = Cloud(tmp_path)
            try:
                return await asyncio.wait_for(scenario(cloud), 60)
            finally:
                await cloud.commands.close()

        return asyncio.run(whole())

    return run


def archive(files: dict[str, str], mode: int = 0o644) -> str:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            made.writestr(entry, text)
    return base64.encodebytes(target.getvalue()).decode()  # With line ends, as az sends it.
