"""Who points at whom: Azure refuses a reference to nothing, and the deletion of what is in use."""

from collections.abc import Iterator
from typing import Any

from sandbox.arm import ArmError, ResourceId, retry_after
from sandbox.store import Resource, Store

# These name a scope without using what is there.
BYSTANDERS = (
    "Microsoft.AlertsManagement/",
    "Microsoft.Authorization/",
    "Microsoft.Consumption/",
    "Microsoft.Insights/",
)


def reference(holder: dict[str, Any], key: str) -> str:
    """The id in `{"networkSecurityGroup": {"id": ...}}`, or nothing."""
    return str((holder.get(key) or {}).get("id") or "")


def check(store: Store, wanted: str, by: ResourceId) -> None:
    """Refuse to point at what does not exist."""
    if wanted and store.find(wanted) is None:
        raise ArmError(
            400,
            "InvalidResourceReference",
            f"Resource {wanted} referenced by resource {by} was not found. Please make sure that "
            "the referenced resource exists, and that both resources are in the same region.",
        )


def users(store: Store, used: ResourceId) -> list[Resource]:
    """The resources that point at one, apart from what lies inside it."""
    return [
        found
        for found in store.pointing_at(used)
        if not used.covers(found.id)
        and not found.kind.startswith(BYSTANDERS)
        and "privateEndpoint" not in found.properties  # Its interface goes with the endpoint.
    ]


def check_unused(store: Store, used: ResourceId, what: str, code: str) -> None:
    """Refuse to delete what another resource still uses."""
    for user in users(store, used):
        raise ArmError(
            400,
            code,
            f"{what} {used.name} is in use by {user.id} and cannot be deleted. In order to delete "
            f"it, delete or change what uses it first.",
        )


def in_progress(resource: Resource) -> ArmError:
    """The network provider takes one change of a resource at a time."""
    return ArmError(
        429,
        "AnotherOperationInProgress",
        "Another operation on this or dependent resource is in progress: "
        f"{resource.id} is {resource.state}.",
        headers=retry_after(1),
    )


def texts(value: Any) -> Iterator[str]:
    """Every string in a JSON document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from texts(one)
