"""Who may do what, and whether Azure knows it already."""

import fnmatch
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import jwt
from azure.mgmt.authorization import AuthorizationManagementClient

from tasks import azure
from tasks.errors import NotReadyError, PreflightError, RefusedError
from tasks.step import step

NEEDED = (
    "Microsoft.Resources/subscriptions/resourceGroups/write",
    "Microsoft.Network/virtualNetworks/write",
    "Microsoft.Network/privateDnsZones/write",
    "Microsoft.ManagedIdentity/userAssignedIdentities/write",
    "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/write",
    "Microsoft.KeyVault/vaults/write",
    "Microsoft.Storage/storageAccounts/listKeys/action",
    "Microsoft.DBforPostgreSQL/flexibleServers/write",
    "Microsoft.ContainerService/managedClusters/write",
    "Microsoft.ContainerService/managedClusters/runCommand/action",
    "Microsoft.Authorization/roleAssignments/write",
)


class Wanted(Protocol):
    """One role assignment as Terraform reports it."""

    @property
    def scope(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def principal_id(self) -> str: ...
    @property
    def purpose(self) -> str: ...


@dataclass(frozen=True)
class Permission:
    """Actions that a role grants, with wildcards, less those that it takes away."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()

    def allows(self, action: str) -> bool:
        return _matches(action, self.actions) and not _matches(action, self.not_actions)


def lacking(permissions: Iterable[Permission], needed: Sequence[str] = NEEDED) -> list[str]:
    """The needed actions that no permission allows; Azure ignores the letter case of actions."""
    known = list(permissions)
    return [action for action in needed if not any(p.allows(action) for p in known)]


def caller() -> str:
    """The object id that Azure sees behind our credentials."""
    with azure.translated("Sign-in"):
        token = azure.credential().get_token(azure.MANAGEMENT).token
    claims = jwt.decode(token, options={"verify_signature": False})  # Azure verifies, we look.
    return str(claims.get("oid", ""))


def same_caller(deployer: str) -> None:
    """The vault's role went to whom Terraform saw; anybody else would wait for it in vain."""
    if (who := caller()) != deployer:
        raise RefusedError(
            f"The foundation gave its roles to {deployer}, and this run is {who}.",
            "Sign in as the former, or plan the foundation again under this identity.",
        )


@step("check-permissions")
def check(subscription: str) -> None:
    """Fail in seconds when the deployer's roles cannot carry a deployment."""
    who = caller()
    with azure.translated(f"Role assignments on subscription {subscription}"):
        permissions = _permissions(subscription, who)
    missing = lacking(permissions)
    if missing:
        raise PreflightError(
            f"The caller {who} lacks on subscription {subscription}:\n  " + "\n  ".join(missing),
            "Ask an owner for Contributor and User Access Administrator, or wait if it is new.",
        )


@step("confirm-role-assignments")
def confirm(subscription: str, wanted: Sequence[Wanted]) -> int:
    """Return the number of role assignments when Azure Resource Manager shows them all."""
    client = AuthorizationManagementClient(azure.credential(), subscription)
    with azure.translated("Role assignments"), client:
        found = {
            (entry.scope.lower(), entry.principal_id)
            for scope in {one.scope for one in wanted}
            for entry in client.role_assignments.list_for_scope(scope, filter="atScope()")
        }
    unseen = [one for one in wanted if (one.scope.lower(), one.principal_id) not in found]
    if unseen:
        raise NotReadyError(
            f"Azure does not show {len(unseen)} of {len(wanted)} role assignments yet: "
            + "; ".join(one.purpose for one in unseen),
            "They were written; Azure's other servers follow.",
        )
    return len(wanted)


def _permissions(subscription: str, who: str) -> list[Permission]:
    client = AuthorizationManagementClient(azure.credential(), subscription)
    with client:
        assignments = client.role_assignments.list_for_scope(
            f"/subscriptions/{subscription}", filter=f"assignedTo('{who}')"
        )
        # Azure also lists what was assigned below the subscription; that does not carry a deploy.
        roles = {
            assignment.role_definition_id
            for assignment in assignments
            if "/resourcegroups/" not in assignment.scope.lower()
        }
        return [
            Permission(tuple(entry.actions or ()), tuple(entry.not_actions or ()))
            for role in roles
            for entry in client.role_definitions.get_by_id(role).permissions or ()
        ]


def _matches(action: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatch(action.lower(), pattern.lower()) for pattern in patterns)
