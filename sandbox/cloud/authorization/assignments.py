"""Role assignments: what Azure accepts, and how it refuses the rest."""

import uuid
from dataclasses import dataclass
from typing import Any

from sandbox.arm import ArmError, Caller, ResourceId, as_object
from sandbox.cloud.authorization import definitions
from sandbox.cloud.authorization.engine import ASSIGNMENTS
from sandbox.cloud.authorization.roles import DEFINITIONS, Role, built_in
from sandbox.store import Resource, Store


@dataclass(frozen=True)
class Wanted:
    """A role assignment that somebody asks for, checked."""

    id: ResourceId
    scope: ResourceId
    role: Role
    principal: str
    kind: str
    properties: dict[str, Any]

    @classmethod
    def requested(cls, store: Store, resource: ResourceId, body: dict[str, Any]) -> "Wanted":
        """Check a request the way Azure does."""
        found = as_object(body.get("properties") or {}, "properties")
        check_name(resource.name)
        for field in ("roleDefinitionId", "principalId"):
            if not found.get(field):
                raise ArmError(
                    400,
                    "InvalidCreateRoleAssignmentRequest",
                    f"The request was incorrectly formatted: '{field}' is missing.",
                )
        role = find_role(store, str(found["roleDefinitionId"]))
        principal, kind = str(found["principalId"]).lower(), str(found.get("principalType") or "")
        kind = check_principal(store, principal, kind)
        return cls(resource, resource.parent, role, principal, kind, found)

    def same_as(self, other: Resource) -> bool:
        """Is it the same grant: role, principal and scope."""
        found = other.properties
        return (
            found["principalId"] == self.principal
            and found["roleDefinitionId"].rpartition("/")[2] == self.role.id
            and ResourceId.parse(found["scope"]) == self.scope
        )


def assign(store: Store, wanted: Wanted, caller: Caller) -> tuple[Resource, bool]:
    """Store the assignment; the second value says whether it is new."""
    everywhere = store.all(ASSIGNMENTS)
    known = next((one for one in everywhere if one.name.lower() == wanted.id.name.lower()), None)
    if known and not wanted.same_as(known):
        raise ArmError(
            400,
            "RoleAssignmentUpdateNotPermitted",
            "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
        )
    twin = next((one for one in everywhere if wanted.same_as(one)), None)
    if twin and not known:
        raise ArmError(
            409,
            "RoleAssignmentExists",
            "The role assignment already exists. "
            f"The ID of the existing role assignment is {twin.name.replace('-', '')}.",
        )
    now = store.timestamp()
    before = known.properties if known else {}
    definition = f"/subscriptions/{store.subscription}/providers/{DEFINITIONS}/{wanted.role.id}"
    properties = {
        "roleDefinitionId": definition,
        "principalId": wanted.principal,
        "principalType": wanted.kind,
        "scope": str(wanted.scope) or "/",
        "condition": wanted.properties.get("condition"),
        "conditionVersion": wanted.properties.get("conditionVersion"),
        "createdOn": before.get("createdOn", now),
        "updatedOn": now,
        "createdBy": before.get("createdBy", caller.object_id),
        "updatedBy": caller.object_id,
        "delegatedManagedIdentityResourceId": None,
        "description": wanted.properties.get("description"),
    }
    kept, _ = store.put(wanted.id, {"properties": properties})
    return kept, known is None


def check_name(name: str) -> None:
    try:
        uuid.UUID(name)
    except ValueError as error:
        raise ArmError(
            400,
            "InvalidRoleAssignmentId",
            f"The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID.",
        ) from error


def find_role(store: Store, definition: str) -> Role:
    name = definition.rstrip("/").rpartition("/")[2].lower()
    role = definitions.known(store).get(name)
    if role is None:
        raise ArmError(
            400,
            "RoleDefinitionDoesNotExist",
            f"The specified role definition with ID '{name.replace('-', '')}' does not exist.",
        )
    return role


def check_principal(store: Store, principal: str, kind: str) -> str:
    """A named type is believed; without one the directory must have heard of the principal."""
    known = store.principals.get(principal)
    if not kind and (known is None or store.now() < known.replicated):
        raise ArmError(
            400,
            "PrincipalNotFound",
            f"Principal {principal.replace('-', '')} does not exist in the directory "
            f"{store.tenant}. Check that you have the correct principal ID. If you are creating "
            "this principal and then immediately assigning a role, this error might be related to "
            "a replication delay. In this case, set the role assignment principalType property to "
            "a value, such as ServicePrincipal, User, or Group.  "
            "See https://aka.ms/docs-principaltype",
        )
    if known and kind and kind != known.kind:
        raise ArmError(
            400,
            "UnmatchedPrincipalType",
            f"The PrincipalId '{principal.replace('-', '')}' has type '{known.kind}' , which is "
            f"different from specified PrinciaplType '{kind}'.",
        )
    return kind or (known.kind if known else "Unknown")


def grant_owner(store: Store, principal: str) -> None:
    """Make somebody owner of the subscription, known everywhere from the start."""
    scope = ResourceId(f"/subscriptions/{store.subscription}")
    role = next(role for role in built_in().values() if role.name == "Owner")
    name = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{scope} {principal} {role.id}"))
    properties = {
        "roleDefinitionId": f"{scope}/providers/{DEFINITIONS}/{role.id}",
        "principalId": principal,
        "principalType": "ServicePrincipal",
        "scope": str(scope),
        "createdOn": store.timestamp(),
        "updatedOn": store.timestamp(),
        "createdBy": principal,
        "updatedBy": principal,
    }
    body = {"properties": properties}
    store.put(scope.child(f"providers/{ASSIGNMENTS}", name), body, secrets={"settled": True})


def listed(store: Store, scope: ResourceId, wanted: str) -> list[Resource]:
    """The assignments at a scope, above it, and below it; `$filter` narrows them."""
    lowered = wanted.replace(" ", "").lower()
    found = store.all(ASSIGNMENTS)
    above = [one for one in found if ResourceId.parse(one.properties["scope"]).covers(scope)]
    below = [one for one in found if scope.covers(one.id) and one not in above]
    chosen = above if "atscope()" in lowered else above + below
    for word, end in (("principalideq'", "'"), ("assignedto('", "')")):
        if word in lowered:
            principal = lowered.partition(word)[2].partition(end)[0]
            chosen = [one for one in chosen if one.properties["principalId"] == principal]
    return chosen
