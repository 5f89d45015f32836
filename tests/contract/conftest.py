"""
One contract, two clouds: the sandbox always, real Azure on demand.

`pytest tests/contract` starts sandboxes of its own. `pytest tests/contract -m azure` asks the
subscription that the variables of `NEEDED` name; whatever a test makes there is removed again.
"""

import os
import shlex
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import jwt
import pytest
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import RetryPolicy
from azure.core.rest import HttpRequest
from azure.identity import ClientSecretCredential
from azure.keyvault.secrets import SecretClient
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.authorization.v2022_04_01.models import (
    RoleAssignment,
    RoleAssignmentCreateParameters,
)
from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.core import ARMPipelineClient
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy
from azure.mgmt.postgresqlflexibleservers import PostgreSQLManagementClient
from azure.mgmt.postgresqlflexibleservers.models import Server, ServerProperties, Sku

from tasks import azure, key_vault
from tasks.errors import NotReadyError

PROJECT = Path(__file__).parents[2]
MANAGEMENT = "https://management.azure.com"
READY, ENDED = "Succeeded", ("Succeeded", "Failed", "Canceled")
AKS_SERVER = "6dae42f8-4368-4678-94ff-3960e28e3630"

NEEDED = {
    "AZURE_TENANT_ID": "the tenant",
    "AZURE_SUBSCRIPTION_ID": "the subscription",
    "AZURE_CLIENT_ID": "a service principal that owns the subscription",
    "AZURE_CLIENT_SECRET": "its secret",
    "AZURE_TEST_RESOURCE_GROUP": "a resource group in which tests may do as they like",
    "AZURE_TEST_CLUSTER": (
        "a private AKS cluster in that group, with Microsoft Entra integration, on which the "
        "service principal is 'Azure Kubernetes Service RBAC Cluster Admin'"
    ),
    "AZURE_TEST_DATABASE_SERVER": (
        "a PostgreSQL flexible server in that group whose administrator's password may change"
    ),
}
VERSIONS = {
    "Microsoft.ContainerService": "2025-10-01",
    "Microsoft.Dashboard": "2025-08-01",
    "Microsoft.KeyVault": "2024-11-01",
    "Microsoft.ManagedIdentity": "2024-11-30",
    "Microsoft.Storage": "2025-01-01",
}

Found = TypeVar("Found")


@dataclass
class Cloud:
    """One Azure, a resource group in it, and things that tests share because they take long."""

    environment: Mapping[str, str] = field(repr=False)
    group: str
    given_cluster: str = ""
    given_server: str = ""
    is_real: bool = False
    patience: float = 10  # Seconds for what Azure does in its own time.
    pause: float = 0.05  # Between two questions.

    def __post_init__(self) -> None:
        self.left_behind = ExitStack()

    @property
    def tenant(self) -> str:
        return self.environment["ARM_TENANT_ID"]

    @property
    def subscription(self) -> str:
        return self.environment["ARM_SUBSCRIPTION_ID"]

    @property
    def client(self) -> str:
        return self.environment["ARM_CLIENT_ID"]

    @property
    def secret(self) -> str:
        return self.environment["ARM_CLIENT_SECRET"]

    @property
    def group_id(self) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Point every client of this process to this cloud."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            azure.credential.cache_clear()
            yield
        azure.credential.cache_clear()

    def eventually(self, ask: Callable[[], Found], *passing: type[Exception]) -> Found:
        """The answer, once it is no more one of the refusals that pass."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                return ask()
            except passing:
                if time.monotonic() > deadline:
                    raise
            time.sleep(self.pause)

    # --- Clients -------------------------------------------------------------------------------

    @cached_property
    def credential(self) -> ClientSecretCredential:
        return ClientSecretCredential(self.tenant, self.client, self.secret)

    @cached_property
    def caller(self) -> str:
        """The object id of the service principal."""
        token = self.credential.get_token(f"{MANAGEMENT}/.default").token
        return str(jwt.decode(token, options={"verify_signature": False})["oid"])

    @cached_property
    def roles(self) -> AuthorizationManagementClient:
        return AuthorizationManagementClient(self.credential, self.subscription)

    @cached_property
    def containers(self) -> ContainerServiceClient:
        return ContainerServiceClient(self.credential, self.subscription)

    @cached_property
    def databases(self) -> PostgreSQLManagementClient:
        return PostgreSQLManagementClient(self.credential, self.subscription)

    @cached_property
    def _pipeline(self) -> ARMPipelineClient[Any, Any]:
        sign_in = ARMChallengeAuthenticationPolicy(self.credential, f"{MANAGEMENT}/.default")
        return ARMPipelineClient(base_url=MANAGEMENT, policies=[RetryPolicy(), sign_in])

    def arm(self, verb: str, path: str, body: Any = None, version: str = "") -> Any:
        """Ask Azure Resource Manager through azure-core, for resources whose SDK we do not use."""
        space = path.rpartition("/providers/")[2].partition("/")[0]
        params = {"api-version": version or VERSIONS.get(space, "2022-09-01")}
        request = HttpRequest(verb, f"{MANAGEMENT}{path}", params=params, json=body)
        answer = self._pipeline.send_request(request)
        if answer.status_code >= 400:
            raise HttpResponseError(response=answer)
        return answer.json() if answer.content else None

    # --- Resources -----------------------------------------------------------------------------

    @cached_property
    def location(self) -> str:
        return str(self.arm("GET", self.group_id)["location"])

    def id_of(self, kind: str, name: str) -> str:
        return f"{self.group_id}/providers/{kind}/{name}"

    def make(self, kind: str, name: str, /, **body: Any) -> dict[str, Any]:
        """A new resource, once Azure has built it; it goes when the tests have ended."""
        path = self.id_of(kind, name)
        self.arm("PUT", path, {"location": self.location} | body)
        self.left_behind.callback(self.arm, "DELETE", path)
        found = self.arm("GET", path)
        while found["properties"].get("provisioningState", READY) not in ENDED:
            time.sleep(self.pause)
            found = self.arm("GET", path)
        assert found["properties"].get("provisioningState", READY) == READY, found
        return dict(found)

    def make_vault(self, default_action: str = "Allow") -> "Vault":
        """A vault that lets nobody in yet; `Deny` closes it to the internet as well."""
        name = unique("Contract-")
        place = f"/subscriptions/{self.subscription}/providers/Microsoft.KeyVault/locations"
        purge = f"{place}/{self.location}/deletedVaults/{name}/purge"
        self.left_behind.callback(
            self.eventually, lambda: self.arm("POST", purge), HttpResponseError
        )
        made = self.make(
            "Microsoft.KeyVault/vaults",
            name,
            properties={
                "tenantId": self.tenant,
                "sku": {"family": "A", "name": "standard"},
                "enableRbacAuthorization": True,
                "networkAcls": {"bypass": "AzureServices", "defaultAction": default_action},
            },
        )
        return Vault(name, made["id"], made["properties"]["vaultUri"])

    def make_identity(self) -> str:
        """The object id of a new managed identity."""
        kind = "Microsoft.ManagedIdentity/userAssignedIdentities"
        return str(self.make(kind, unique("contract-"))["properties"]["principalId"])

    def role(self, name: str) -> str:
        """The id of a built-in role."""
        scope = f"/subscriptions/{self.subscription}"
        found = self.roles.role_definitions.list(scope, filter=f"roleName eq '{name}'")
        return str(next(iter(found)).id)

    def assign(
        self, role: str, principal: str, scope: str, *, name: str = "", kind: str | None = None
    ) -> RoleAssignment:
        """Ask for a role assignment; without a kind Azure looks the principal up first."""
        wanted = RoleAssignmentCreateParameters(
            role_definition_id=self.role(role),
            principal_id=principal,
            principal_type=kind,  # type: ignore[arg-type] # None leaves it out; the default is User.
        )
        name = name or str(uuid.uuid4())
        made: RoleAssignment = self.roles.role_assignments.create(scope, name, wanted)
        self.left_behind.callback(self.roles.role_assignments.delete, scope, name)
        return made

    def grant(self, role: str, scope: str) -> None:
        """Give the caller a role."""
        self.assign(role, self.caller, scope, kind="ServicePrincipal")

    @cached_property
    def granted_vault(self) -> "Vault":
        """A vault that will let the caller in."""
        made = self.make_vault()
        self.grant("Key Vault Secrets Officer", made.id)
        return made

    @cached_property
    def vault(self) -> "Vault":
        """A vault that has let the caller in."""
        self.eventually(lambda: key_vault.reach.fn(self.granted_vault.uri), NotReadyError)
        return self.granted_vault

    @cached_property
    def secrets(self) -> SecretClient:
        """What lies in the vault that has let the caller in."""
        return SecretClient(self.vault.uri, self.credential)

    def make_grafana(self) -> "Grafana":
        """A Grafana in which nobody has a role."""
        name = unique("contract-")
        made = self.make(
            "Microsoft.Dashboard/grafana",
            name,
            sku={"name": "Standard"},
            properties={"grafanaMajorVersion": "12"},
        )
        return Grafana(made["id"], made["properties"]["endpoint"])

    @cached_property
    def grafana(self) -> "Grafana":
        """A Grafana whose administrator is the caller."""
        made = self.make_grafana()
        self.grant("Grafana Admin", made.id)
        return made

    @cached_property
    def account(self) -> str:
        """The name of a storage account."""
        body = {"kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
        made = self.make("Microsoft.Storage/storageAccounts", unique("contract"), **body)
        return str(made["name"])

    @cached_property
    def cluster(self) -> str:
        """The name of a private cluster that takes commands from the caller."""
        if self.given_cluster:
            return self.given_cluster
        made = self.make(
            "Microsoft.ContainerService/managedClusters",
            "contract-aks",
            identity={"type": "SystemAssigned"},
            properties={
                "dnsPrefix": "contract",
                "agentPoolProfiles": [
                    {"name": "system", "mode": "System", "vmSize": "Standard_D2s_v5", "count": 1}
                ],
                "aadProfile": {"managed": True, "enableAzureRBAC": True},
                "apiServerAccessProfile": {"enablePrivateCluster": True},
                "disableLocalAccounts": True,
            },
        )
        self.grant("Azure Kubernetes Service RBAC Cluster Admin", made["id"])
        return str(made["name"])

    @cached_property
    def server(self) -> str:
        """The name of a PostgreSQL flexible server."""
        if self.given_server:
            return self.given_server
        name = "contract-pg"
        wanted = Server(
            location=self.location,
            sku=Sku(name="Standard_D2s_v3", tier="GeneralPurpose"),
            properties=ServerProperties(
                administrator_login="supabase",
                administrator_login_password=f"first-{uuid.uuid4()}-A1",
                version="16",
            ),
        )
        self.databases.servers.begin_create_or_update(self.group, name, wanted).result()
        return name


@dataclass(frozen=True)
class Vault:
    name: str
    id: str
    uri: str


@dataclass(frozen=True)
class Grafana:
    id: str
    endpoint: str


def unique(prefix: str) -> str:
    """A name that nobody in the world has, within the 24 characters of vaults and accounts."""
    return f"{prefix}{uuid.uuid4().hex[:12]}"


# --- The clouds ----------------------------------------------------------------------------------


@contextmanager
def sandbox(
    state: str, profile: str, scale: str, project: Path = PROJECT
) -> Iterator[Mapping[str, str]]:
    """The environment of a sandbox of its own, from its start to its end."""
    options = ["--port", "0", "--profile", profile, "--scale", scale]

    def run(command: str, *options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sandbox", command, "--state", state, *options],
            cwd=project,
            capture_output=True,
            text=True,
            check=False,
        )

    up = run("up", *options)
    assert up.returncode == 0, up.stderr
    try:
        pairs = (shlex.split(line)[1].partition("=") for line in up.stdout.splitlines())
        yield {name: value for name, _, value in pairs}
    finally:
        down = run("down")
        assert down.returncode == 0, down.stderr


@contextmanager
def cloud_in(environment: Mapping[str, str]) -> Iterator[Cloud]:
    """A cloud with an empty resource group."""
    found = Cloud(environment, "contract")
    with found.entered():
        found.arm("PUT", found.group_id, {"location": "westeurope"})
    yield found
    with found.entered():
        found.left_behind.close()


@pytest.fixture(scope="session")
def prompt_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """Nothing takes time."""
    state = str(tmp_path_factory.mktemp("prompt"))
    with sandbox(state, "instant", "1") as environment, cloud_in(environment) as found:
        yield found


@pytest.fixture(scope="session")
def slow_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A bad day at a hundredth of its length: a role spreads for 6 s, a principal for 1.2 s."""
    state = str(tmp_path_factory.mktemp("slow"))
    with sandbox(state, "worst", "0.01") as environment, cloud_in(environment) as found:
        found.patience = 60
        with found.entered():
            _ = found.granted_vault  # Its role spreads while the first tests run.
        yield found


@pytest.fixture(scope="session")
def real_azure() -> Iterator[Cloud]:
    missing = [f"  {name}: {meaning}" for name, meaning in NEEDED.items() if not os.getenv(name)]
    if missing:
        pytest.fail("`-m azure` asks real Azure. Set\n" + "\n".join(missing), pytrace=False)
    found = Cloud(
        {
            name.replace("AZURE", "ARM"): os.environ[name]
            for name in NEEDED
            if not name.startswith("AZURE_TEST")
        },
        os.environ["AZURE_TEST_RESOURCE_GROUP"],
        os.environ["AZURE_TEST_CLUSTER"],
        os.environ["AZURE_TEST_DATABASE_SERVER"],
        is_real=True,
        patience=1800,
        pause=5,
    )
    yield found
    with found.entered():
        found.left_behind.close()


REAL = pytest.param("real_azure", marks=[pytest.mark.azure, pytest.mark.timeout(3600)], id="azure")


@pytest.fixture(params=[pytest.param("prompt_sandbox", id="sandbox"), REAL])
def cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """A cloud for tests to which time does not matter."""
    found: Cloud = request.getfixturevalue(request.param)
    with found.entered():
        yield found


@pytest.fixture(params=[pytest.param("slow_sandbox", id="sandbox"), REAL])
def slow_cloud(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """A cloud in which news travels slowly."""
    found: Cloud = request.getfixturevalue(request.param)
    with found.entered():
        yield found
