"""A whole cloud in memory, with a clock that tests move; and what they need to talk to it."""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import arm
from sandbox.app import Cloud
from sandbox.cloud.entra import Identity, new_key
from sandbox.front import Authority
from sandbox.latency import Latency

LOGIN = "https://login.microsoftonline.com"
VERSIONS = {"api-version": "2024-11-30"}


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


class Http:
    """A synchronous client of an application in this process."""

    def __init__(self, app: ASGIApp) -> None:
        self.runner = asyncio.Runner()
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url=f"https://{arm.HOST}"
        )

    def request(self, verb: str, url: str, **options: Any) -> httpx.Response:
        return self.runner.run(self.client.request(verb, url, **options))

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def close(self) -> None:
        self.runner.run(self.client.aclose())
        self.runner.close()


class Azure:
    """A client of one simulated cloud; it signs in as the deployer unless told otherwise."""

    def __init__(self, cloud: Cloud, identity: Identity, clock: Clock) -> None:
        self.cloud = cloud
        self.identity = identity
        self.clock = clock
        self.network = ""  # Where the client stands; empty is the internet.
        self.pod = ""  # Which pod there it is: `<namespace>/<name>`.
        self.group = f"/subscriptions/{identity.subscription}/resourceGroups/lab"
        self.http = Http(self.route)

    async def route(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = dict(scope["headers"])[b"host"].decode().lower()
        app = self.cloud.hosts.find(host, self.network)
        place = {"host": host, "network": self.network, "pod": self.pod}
        await app({**scope, **place}, receive, send)

    def pass_time(self, seconds: float) -> None:
        self.clock.time += seconds
        self.cloud.store.settle()

    def token(self, audience: str = f"https://{arm.HOST}", **form: str) -> httpx.Response:
        """Ask Entra for a token, with the deployer's credentials unless `form` has others."""
        asked = {
            "grant_type": "client_credentials",
            "client_id": self.identity.client,
            "client_secret": self.identity.secret,
            "scope": f"{audience}/.default",
        }
        address = f"{LOGIN}/{self.identity.tenant}/oauth2/v2.0/token"
        return self.http.request("POST", address, data=asked | form)

    def bearer(self, audience: str = f"https://{arm.HOST}", **form: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(audience, **form).json()['access_token']}"}

    def of(self, principal: str, audience: str = f"https://{arm.HOST}") -> dict[str, str]:
        """The header of another principal, as if it had signed in."""
        token = self.cloud.tokens.issue(self.cloud.store.principals[principal], audience)
        return {"Authorization": f"Bearer {token}"}

    def arm(
        self, verb: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Ask ARM; a path that begins with a letter is below the group `lab`."""
        full = path if path.startswith("/") else f"{self.group}/providers/{path}"
        return self.http.request(
            verb, full, params=VERSIONS, json=body, headers=headers or self.bearer()
        )

    def vault(self, verb: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        """Ask the vault `lab-kv` about secrets."""
        headers = options.pop("headers", None) or self.bearer("https://vault.azure.net")
        params = {"api-version": "7.4"} | options.pop("params", {})
        address = f"https://lab-kv.vault.azure.net{path}"
        return self.http.request(verb, address, params=params, json=body, headers=headers)

    def new_group(self) -> None:
        self.arm("PUT", self.group, {"location": "westeurope"})

    def new_identity(self, name: str = "app") -> dict[str, str]:
        """The ids of a new managed identity."""
        path = f"Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
        answer = self.arm("PUT", path, {"location": "westeurope"})
        found: dict[str, str] = answer.json()["properties"]
        return found | {"id": answer.json()["id"]}

    def new_vault(self, **properties: Any) -> str:
        wanted = {
            "tenantId": self.identity.tenant,
            "sku": {"family": "A", "name": "standard"},
            "networkAcls": {"bypass": "AzureServices", "defaultAction": "Allow"},
        }
        body = {"location": "westeurope", "properties": wanted | properties}
        answer = self.arm("PUT", "Microsoft.KeyVault/vaults/lab-kv", body)
        return str(answer.json()["id"])

    def grant(self, role: str, principal: str, scope: str, **more: Any) -> httpx.Response:
        """Assign a role by its name, under a GUID of its own."""
        found = self.http.get(
            f"{scope}/providers/Microsoft.Authorization/roleDefinitions",
            params=VERSIONS | {"$filter": f"roleName eq '{role}'"},
            headers=self.bearer(),
        )
        properties = {
            "roleDefinitionId": found.json()["value"][0]["id"],
            "principalId": principal,
            "principalType": "ServicePrincipal",
        }
        name = more.pop("name", str(uuid.uuid4()))
        wanted = {key: value for key, value in (properties | more).items() if value}
        path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
        return self.arm("PUT", path, {"properties": wanted})


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["error"]["code"]


@pytest.fixture(scope="session")
def identity() -> Identity:
    client, deployer = str(uuid.uuid4()), str(uuid.uuid4())
    return Identity(client, deployer, "secret-of-the-deployer", new_key())


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def azure(identity: Identity, authority: Authority, tmp_path: Path) -> Iterator[Azure]:
    """A cloud in which nothing takes time, with the group `lab` in it."""
    yield from cloud_of(identity, authority, tmp_path, Latency())


@pytest.fixture
def slow_azure(identity: Identity, authority: Authority, tmp_path: Path) -> Iterator[Azure]:
    """The same at Azure's own pace, which only `pass_time` passes."""
    yield from cloud_of(identity, authority, tmp_path, Latency("typical"))


def cloud_of(
    identity: Identity, authority: Authority, folder: Path, latency: Latency
) -> Iterator[Azure]:
    clock = Clock()
    client = Azure(Cloud(identity, authority, folder, latency, clock=clock), identity, clock)
    client.new_group()
    yield client
    client.http.runner.run(client.cloud.stop())
    client.http.close()
