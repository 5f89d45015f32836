"""Resource groups: what they refuse, how they look, and what is in them."""

import re
from typing import Any

from sandbox.arm import GROUPS, ArmError, ResourceId
from sandbox.cloud.resources import filters
from sandbox.store import Resource, Store

GENERIC = ("extendedLocation", "identity", "kind", "location", "managedBy", "plan", "sku", "zones")
NAME = re.compile(r"^[-\w._()]{0,89}[-\w_()]$")


def check(resource: ResourceId, body: dict[str, Any], before: Resource | None) -> dict[str, Any]:
    """Check a request the way Azure does; return what is kept."""
    if not NAME.match(resource.name):
        raise ArmError(
            400,
            "InvalidResourceGroup",
            f"The provided resource group name '{resource.name}' has these invalid characters or "
            "a final period. The name can only be letters, digits, '-', '.', '(', ')' or '_', "
            "and at most 90 of them.",
        )
    location = str(body.get("location", "")).replace(" ", "").lower()
    if not location:
        raise ArmError(
            400, "LocationRequired", "The location property is required for this definition."
        )
    if before and before.location != location:
        raise ArmError(
            409,
            "InvalidResourceGroupLocation",
            f"Invalid resource group location '{location}'. The Resource group already exists in "
            f"location '{before.location}'.",
        )
    if before and before.state == "Deleting":
        raise ArmError(
            409,
            "ResourceGroupBeingDeleted",
            f"The resource group '{resource.name}' is in deprovisioning state and cannot perform "
            "this operation.",
        )
    kept = {"location": location, "tags": body.get("tags") or {}}
    return kept | {name: body[name] for name in ("managedBy",) if body.get(name)}


def render(group: Resource, _store: Store) -> dict[str, Any]:
    return {
        "id": str(group.id),
        "name": group.name,
        "type": GROUPS,
        **{name: value for name, value in group.body.items() if name != "properties"},
        "properties": {"provisioningState": group.state},
    }


def contents(store: Store, scope: ResourceId, wanted: filters.Filter) -> list[dict[str, Any]]:
    """The top-level resources below a scope, as generic entries."""
    return [
        {
            "id": str(found.id),
            "name": found.name,
            "type": found.kind,
            **{key: found.body[key] for key in GENERIC if found.body.get(key)},
            "tags": found.body.get("tags") or {},
            "provisioningState": found.state,
        }
        for found in store.below(scope)
        if found.location
        and found.id.group
        and found.kind != GROUPS
        and found.kind.count("/") == 1
        and filters.matches(found, wanted)
    ]
