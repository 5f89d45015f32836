"""Role definitions: Azure's own, and those that a subscription adds."""

import uuid
from typing import Any

from sandbox.arm import ArmError, Caller, ResourceId, as_object, invalid_content
from sandbox.cloud.authorization.roles import DEFINITIONS, Role, built_in
from sandbox.store import Resource, Store

ACTIONS = ("actions", "notActions", "dataActions", "notDataActions")
ASSIGNMENTS = "Microsoft.Authorization/roleAssignments"


def custom(found: Resource) -> Role:
    """A definition that somebody stored."""
    properties = found.properties
    granted = properties["permissions"]

    def every(name: str) -> tuple[str, ...]:
        return tuple(action for one in granted for action in one.get(name) or [])

    return Role(
        name=properties["roleName"],
        id=found.name,
        description=properties["description"],
        actions=every("actions"),
        not_actions=every("notActions"),
        data_actions=every("dataActions"),
        not_data_actions=every("notDataActions"),
        kind="CustomRole",
        scopes=tuple(properties["assignableScopes"]),
    )


def known(store: Store) -> dict[str, Role]:
    """Every role by id."""
    return built_in() | {one.name: custom(one) for one in store.all(DEFINITIONS)}


def place(store: Store, name: str) -> ResourceId:
    """A custom role is the tenant's; it is kept once, whatever scope it is reached through."""
    return ResourceId(f"/subscriptions/{store.subscription}/providers/{DEFINITIONS}/{name.lower()}")


def define(store: Store, name: str, scope: ResourceId, body: dict[str, Any], by: Caller) -> Role:
    """Check a definition the way Azure does, and store it."""
    found = as_object(body.get("properties") or {}, "properties")
    check(store, name, found)
    permissions = found.get("permissions") or []
    if not isinstance(permissions, list):
        raise invalid_content("the permissions are not a list")
    resource, now = place(store, name), store.timestamp()
    before = store.find(resource)
    properties = {
        "roleName": str(found["roleName"]),
        "description": str(found.get("description") or ""),
        "permissions": [permission(as_object(one, "a permission")) for one in permissions],
        "assignableScopes": texts(found, "assignableScopes") or [str(scope)],
        "createdOn": before.properties["createdOn"] if before else now,
        "updatedOn": now,
        "updatedBy": by.object_id,
    }
    kept, _ = store.put(resource, {"properties": properties})
    return custom(kept)


def permission(given: dict[str, Any]) -> dict[str, Any]:
    return given | {name: texts(given, name) for name in ACTIONS}


def texts(holder: dict[str, Any], name: str) -> list[str]:
    """A list of texts; nothing is an empty one."""
    found = holder.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise invalid_content(f"{name} is not a list of texts")
    return found


def check(store: Store, name: str, wanted: dict[str, Any]) -> None:
    try:
        uuid.UUID(name)
    except ValueError as error:
        raise ArmError(
            400,
            "InvalidRoleDefinitionId",
            f"The role definition ID '{name}' is not valid. The role definition ID must be a GUID.",
        ) from error
    if name.lower() in built_in():
        raise ArmError(
            400, "RoleDefinitionUpdateNotPermitted", "A role of Azure's own cannot be changed."
        )
    if not wanted.get("roleName"):
        raise ArmError(
            400, "InvalidRoleDefinition", "The role definition has no name: set roleName."
        )
    for role in known(store).values():
        same = role.name.lower() == str(wanted["roleName"]).lower()
        if same and role.id.lower() != name.lower():
            raise ArmError(
                409,
                "RoleDefinitionWithSameNameExists",
                f"A custom role with the name '{role.name}' already exists in this directory. "
                "Use a different name.",
            )


def remove(store: Store, name: str) -> Role | None:
    """Forget a definition that nobody holds."""
    found = store.find(place(store, name))
    if found is None:
        return None
    for one in store.all(ASSIGNMENTS):
        if one.properties["roleDefinitionId"].rpartition("/")[2].lower() == name.lower():
            raise ArmError(
                400,
                "RoleDefinitionHasAssignments",
                "There are existing role assignments referencing role "
                f"(code: {name.replace('-', '')}).",
            )
    role = custom(found)
    store.delete(found.id)
    return role
