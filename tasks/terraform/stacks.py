"""The two stacks: their outputs, and the working copy in which an environment's runs happen."""

import hashlib
import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

from tasks.environment import PROJECT, Environment, Frozen

SOURCE = PROJECT / "terraform"
Name = Literal["bootstrap", "foundation", "platform"]


class RoleAssignment(Frozen):
    """Who may do what, where, and why."""

    scope: str
    role: str
    principal_id: str
    principal_type: str | None = None
    purpose: str


class Foundation(Frozen):
    """The outputs of `terraform/foundation/outputs.tf`, name by name."""

    resource_group_name: str
    resource_group_id: str
    location: str
    tenant_id: str
    vault_name: str
    vault_id: str
    vault_uri: str
    storage_account_name: str
    storage_account_id: str
    storage_container_name: str
    external_secrets_client_id: str
    external_secrets_identity_id: str
    cluster_identity_id: str
    kubelet_identity_id: str
    kubelet_client_id: str
    kubelet_object_id: str
    cluster_subnet_id: str
    database_subnet_id: str
    endpoints_subnet_id: str
    gateway_subnet_id: str | None = None
    database_zone_id: str
    vault_zone_id: str | None = None
    storage_zone_id: str | None = None
    registry_zone_id: str | None = None
    outbound_addresses: tuple[str, ...] = ()
    s3proxy_client_id: str
    s3proxy_identity_id: str
    registry_id: str | None = None
    registry_login_server: str | None = None
    log_analytics_workspace_id: str
    role_assignments: tuple[RoleAssignment, ...]
    roles_assigned: bool
    locked: bool
    deployer_object_id: str


class EdgeController(Frozen):
    """Who configures Application Gateway for Containers, from inside the cluster."""

    id: str
    client_id: str
    object_id: str
    namespace: str
    service_account: str


class Edge(Frozen):
    """What stands in front of the cluster, as the charts have to know it."""

    kind: str
    gateway_class: str | None = None
    cidr: str | None = None
    gateway_id: str | None = None
    frontend: str | None = None
    host: str | None = None
    waf_policy_id: str | None = None
    controller: EdgeController | None = None


class Platform(Frozen):
    """The outputs of `terraform/platform/outputs.tf`, name by name."""

    cluster_name: str
    cluster_id: str
    oidc_issuer_url: str
    database_host: str
    database_server_name: str
    database_server_id: str
    database_name: str
    database_admin_login: str
    edge: Edge
    private_addresses: Mapping[str, str]
    role_assignments: tuple[RoleAssignment, ...]
    grafana_endpoint: str
    action_group_id: str | None = None


Outputs = TypeVar("Outputs", Foundation, Platform)


@dataclass(frozen=True)
class Stack:
    """One root stack of one environment, and what it is given beside the tfvars file."""

    name: Name
    environment: Environment
    variables: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    copy: str = "terraform"  # The working copy's folder; who only looks has one of their own.

    @property
    def root(self) -> Path:
        return self.environment.work / self.copy

    @property
    def folder(self) -> Path:
        return self.root / self.name

    @property
    def plan_file(self) -> Path:
        return self.folder / "plan.tfplan"

    @property
    def state_key(self) -> str:
        """Name of the blob that holds the state, where it lies in Azure."""
        return f"{self.environment.name}/{self.name}.tfstate"

    @property
    def forecast_file(self) -> Path:
        return self.folder / "forecast.tfplan"

    @property
    def reads_tfvars(self) -> bool:
        return self.name != "bootstrap"  # It comes before there is an environment to describe.

    @property
    def state_file(self) -> Path | None:
        """Where local state lies; bootstrap's holds no longer than one run."""
        if self.name == "bootstrap":
            return self.folder / "passing.tfstate"
        if self.environment.state.kind == "local":
            return self.environment.work / "state" / f"{self.name}.tfstate"
        return None

    @property
    def variables_file(self) -> Path:
        return self.folder / "given.tfvars.json"


def bootstrap(environment: Environment, given: Mapping[str, Any]) -> Stack:
    """The storage of all other stacks' state; what exists of it is among the given."""
    return Stack("bootstrap", environment, given)


def foundation(environment: Environment) -> Stack:
    """Group, network, identities, vault, storage and role assignments."""
    return Stack("foundation", environment)


def platform(environment: Environment, built: Foundation | None) -> Stack:
    """
    Cluster and database, on top of a foundation.

    PostgreSQL wants a password at its birth; this one is thrown away, because the lasting one
    comes from Key Vault, whose role assignment is still spreading at that time.
    """
    given = {"foundation": built.model_dump(mode="json")} if built else {}
    return Stack("platform", environment, given, {"database_password": secrets.token_urlsafe(32)})


def prepare(stack: Stack) -> None:
    """Bring the working copy in line with the sources; Terraform's own files in it stay."""
    if not SOURCE.is_dir():
        raise FileNotFoundError(SOURCE)
    stack.environment.work.mkdir(mode=0o700, parents=True, exist_ok=True)  # State holds keys.
    for part in (stack.name, "modules", "vars"):
        _mirror(SOURCE / part, stack.root / part)
    _write(stack.folder / "backend.tf.json", json.dumps(backend(stack), indent=2).encode())
    _write(stack.variables_file, json.dumps(dict(stack.variables), indent=2).encode())


def backend(stack: Stack) -> dict[str, Any]:
    """Where this stack's state lives, in Terraform's JSON syntax."""
    state = stack.environment.state
    if stack.state_file is None:
        place = {
            "resource_group_name": state.resource_group,
            "storage_account_name": state.storage_account,
            "container_name": state.container,
            "key": stack.state_key,
            "subscription_id": str(stack.environment.subscription),
            "use_azuread_auth": True,
        }
        return {"terraform": {"backend": {"azurerm": place}}}
    return {"terraform": {"backend": {"local": {"path": str(stack.state_file)}}}}


def fingerprint(stack: Stack) -> str:
    """What `terraform init` depends on: the backend, the modules, and where providers come from."""
    digest = hashlib.sha256(json.dumps(backend(stack)).encode())
    digest.update(os.environ.get("TF_CLI_CONFIG_FILE", "").encode())
    for path in sorted(stack.root.rglob("*.tf")):
        if ".terraform" not in path.parts and re.search(
            rb"required_providers|source", path.read_bytes()
        ):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def parse_outputs(model: type[Outputs], printed: Mapping[str, Any]) -> Outputs | None:
    """
    Read `terraform output -json`; None when the stack is not built, or only in part.

    Terraform keeps no output without a value: what an environment goes without has a default here.
    """
    values = {name: printed.get(name, {}).get("value") for name in model.model_fields}
    given = {name: value for name, value in values.items() if value is not None}
    if any(field.is_required() for name, field in model.model_fields.items() if name not in given):
        return None
    return model(**given)


def _write(path: Path, content: bytes) -> None:
    """Only when it differs, and in one move: a Terraform at work may be reading it."""
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.fresh")
    fresh.write_bytes(content)
    fresh.replace(path)


def _mirror(source: Path, target: Path) -> None:
    """Without tests: `terraform init` reads them, and what they name is not in the copy."""
    files = (path.relative_to(source) for path in source.rglob("*") if path.is_file())
    wanted = {path for path in files if not {".terraform", "tests"} & set(path.parts)}
    for path in wanted:
        _write(target / path, (source / path).read_bytes())
    for stale in (*target.rglob("*.tf"), *target.rglob("*.tftest.hcl")):
        if ".terraform" not in stale.parts and stale.relative_to(target) not in wanted:
            stale.unlink()
