"""Who may do what, and whether Azure knows it already."""

import fnmatch
import shlex
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import jwt
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignment

from tasks import azure, wait
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
    "Microsoft.ContainerRegistry/registries/write",
    "Microsoft.OperationalInsights/workspaces/write",
    "Microsoft.Insights/diagnosticSettings/write",
)
ASSIGN = "Microsoft.Authorization/roleAssignments/write"
LOCK = "Microsoft.Authorization/locks/write"
POLICY = "Microsoft.Authorization/policyAssignments/write"
NO_ROLES = (
    "set assign_roles = false in its tfvars file, and `assign_role: false` below `state:`: an "
    "owner is then told what to assign, and no policy looks for secrets that expire"
)
WITHOUT = {  # What an environment can do without, and the decision that says so.
    ASSIGN: NO_ROLES,
    POLICY: NO_ROLES,
    LOCK: "set lock = false in its tfvars file, and `lock: false` below `state:`",
}


class Wanted(Protocol):
    """One role assignment as Terraform reports it."""

    @property
    def scope(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def principal_id(self) -> str: ...
    @property
    def principal_type(self) -> str | None: ...
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
def check(
    subscription: str, *, assigns: bool = True, locks: bool = False, policies: bool = False
) -> None:
    """Fail in seconds when the caller's roles cannot carry what the environment decided."""
    who = caller()
    with azure.translated(f"Role assignments on subscription {subscription}"):
        permissions = _permissions(subscription, who)
    decided = ((ASSIGN, assigns), (LOCK, locks), (POLICY, policies))
    missing = lacking(permissions, [*NEEDED, *(action for action, wanted in decided if wanted)])
    if not missing:
        return
    ways = dict.fromkeys(WITHOUT[action] for action in missing if action in WITHOUT)
    remedy = "Ask an owner for " + " and ".join(_roles(missing))
    raise PreflightError(
        f"The caller {who} lacks on subscription {subscription}:\n  " + "\n  ".join(missing),
        f"{'; or '.join([remedy, *ways])}. A new assignment takes minutes.",
    )


def _roles(missing: Sequence[str]) -> list[str]:
    """The built-in roles that hold what is missing."""
    wide = ["Contributor"] if set(missing) - set(WITHOUT) else []
    # Role Based Access Control Administrator would do for roles, and lacks locks and policies.
    return wide + (["User Access Administrator"] if set(missing) & set(WITHOUT) else [])


@step("confirm-role-assignments")
def confirm(subscription: str, wanted: Sequence[Wanted], *, assigned: bool = True) -> int:
    """Return the number of role assignments when Azure Resource Manager shows them all."""
    owed = _unseen(subscription, wanted)
    if owed:
        raise NotReadyError(
            f"Azure does not show {len(owed)} of {len(wanted)} role assignments yet: "
            + "; ".join(one.purpose for one in owed),
            "They were written; Azure's other servers follow."
            if assigned
            else f"An owner of the subscription runs:\n{commands(owed)}",
        )
    return len(wanted)


@dataclass(frozen=True)
class Strayed:
    """An assignment that is there or declared, but not both; the command that corrects it."""

    scope: str
    role: str
    principal_id: str
    purpose: str
    remedy: str


@step("compare-role-assignments")
def compare(
    subscription: str, declared: Sequence[Wanted], group: str, others: Sequence[str] = ()
) -> tuple[tuple[Strayed, ...], tuple[Strayed, ...]]:
    """
    Those that are declared and absent, and those that are there and not declared.

    The latter only for the principals of the declared ones, without `others`, and only on their
    scopes and within the group: who else may do what is not ours to judge.
    """
    missing = [
        Strayed(one.scope, one.role, one.principal_id, one.purpose, shlex.join(_command(one)))
        for one in _unseen(subscription, declared)
    ]
    client = AuthorizationManagementClient(azure.credential(), subscription)
    with azure.translated("Role assignments"), client:
        definitions = {role: _definition(client, subscription, role) for role in _named(declared)}
        known = {(one.scope.lower(), one.principal_id, definitions[one.role]) for one in declared}
        scopes = {one.scope.lower() for one in declared}
        extra = [
            Strayed(
                str(entry.scope),
                str(client.role_definitions.get_by_id(entry.role_definition_id).role_name),
                who,
                "",
                shlex.join(["az", "role", "assignment", "delete", "--ids", str(entry.id)]),
            )
            for who in sorted({one.principal_id for one in declared} - set(others))
            for entry in client.role_assignments.list_for_scope(
                group, filter=f"principalId eq '{who}'"
            )
            if (holds(group, entry.scope) or entry.scope.lower() in scopes)
            and (entry.scope.lower(), who, _last(entry.role_definition_id)) not in known
        ]
    return tuple(missing), tuple(extra)


@step("tell-what-an-owner-must-assign")
def tell(subscription: str, wanted: Sequence[Wanted], name: str) -> int:
    """Print the command for each assignment that is not there; return how many these are."""
    if owed := _unseen(subscription, wanted):
        text = commands(owed)
        wait.logger().warning(
            "%s role assignments are left to an owner of the subscription:\n%s", len(owed), text
        )
        page = f"An owner of the subscription runs:\n\n```bash\n{text}\n```"
        wait.page(page, f"role-assignments-{name}")
    return len(owed)


def commands(wanted: Iterable[Wanted]) -> str:
    """What an owner runs, a line for each assignment."""
    return "\n".join(shlex.join(_command(one)) for one in wanted)


def _command(one: Wanted) -> list[str]:
    kind = ["--assignee-principal-type", one.principal_type] if one.principal_type else []
    return [
        # Terraform's own name for it: if it may assign one day, it takes the assignment over.
        *("az", "role", "assignment", "create", "--name", name_of(one), "--role", one.role),
        *("--assignee-object-id", one.principal_id, *kind),
        *("--scope", one.scope, "--description", one.purpose),
    ]


def name_of(one: Wanted) -> str:
    """The name that terraform/modules/access gives to the same assignment."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{one.scope}|{one.role}|{one.principal_id}"))


def _unseen(subscription: str, wanted: Sequence[Wanted]) -> list[Wanted]:
    """Those that hold neither at their scope nor above, directly or through a group."""
    client = AuthorizationManagementClient(azure.credential(), subscription)
    with azure.translated("Role assignments"), client:
        definitions = {role: _definition(client, subscription, role) for role in _named(wanted)}
        found = {
            (scope, who, _last(entry.role_definition_id))
            for scope, who in {(one.scope, one.principal_id) for one in wanted}
            for entry in client.role_assignments.list_for_scope(
                scope, filter=f"assignedTo('{who}')"
            )
            if holds(entry.scope, scope)
        }
    return [
        one for one in wanted if (one.scope, one.principal_id, definitions[one.role]) not in found
    ]


def holds(assigned: str, scope: str) -> bool:
    """An assignment holds at its scope and below; Azure ignores the letter case of both."""
    return f"{scope}/".lower().startswith(f"{assigned.rstrip('/')}/".lower())


def _named(wanted: Iterable[Wanted]) -> set[str]:
    return {one.role for one in wanted}


def _definition(client: AuthorizationManagementClient, subscription: str, role: str) -> str:
    known = client.role_definitions.list(
        f"/subscriptions/{subscription}", filter=f"roleName eq '{role}'"
    )
    for one in known:
        return _last(one.id)
    raise RefusedError(
        f"Azure knows no role {role!r} on subscription {subscription}.",
        "Correct its name in terraform/, see `az role definition list --query '[].roleName'`.",
    )


def conditions(held: Iterable[RoleAssignment]) -> list[str]:
    """What restricts the caller's roles further; only Azure judges that."""
    return [
        f"The caller's role {_last(one.role_definition_id)} holds under a condition, which nobody "
        f"judged: Azure may refuse what it seems to allow. {' '.join(one.condition.split())}"
        for one in held
        if one.condition
    ]


def _last(identifier: str | None) -> str:
    return str(identifier).rpartition("/")[2].lower()


def _permissions(subscription: str, who: str) -> list[Permission]:
    client = AuthorizationManagementClient(azure.credential(), subscription)
    with client:
        assignments = client.role_assignments.list_for_scope(
            f"/subscriptions/{subscription}", filter=f"assignedTo('{who}')"
        )
        # Azure also lists what was assigned below the subscription; that does not carry a deploy.
        held = [one for one in assignments if "/resourcegroups/" not in one.scope.lower()]
        roles = {one.role_definition_id for one in held}
        for text in conditions(held):
            wait.logger().warning("%s", text)
        return [
            Permission(tuple(entry.actions or ()), tuple(entry.not_actions or ()))
            for role in roles
            for entry in client.role_definitions.get_by_id(role).permissions or ()
        ]


def _matches(action: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatch(action.lower(), pattern.lower()) for pattern in patterns)
