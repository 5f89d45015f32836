"""Rules that many resource types share, as values to put together in their declarations."""

import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sandbox.arm import ArmError, ResourceId, invalid_content
from sandbox.resource_type import Change, Hook
from sandbox.store import Resource, Store, duplicate

IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"


def together(*hooks: Hook) -> Hook:
    """Several rules as one, in this order."""

    def apply(change: Change) -> None:
        for hook in hooks:
            hook(change)

    return apply


# --- What a request must say ----------------------------------------------------------------------


def found(value: Any, path: str) -> Iterator[Any]:
    """What is at `a.b.c` in a JSON document; a part like `items[]` stands for each element."""
    part, _, rest = path.partition(".")
    inner = value.get(part.removesuffix("[]")) if isinstance(value, dict) else None
    for one in (inner or []) if part.endswith("[]") else [inner]:
        if rest:
            yield from found(one, rest)
        else:
            yield one


def required(*paths: str) -> Hook:
    """Refuse a request without these."""

    def check(change: Change) -> None:
        for path in paths:
            if any(value in (None, "", [], {}) for value in found(change.body, path)):
                raise invalid_content(f"Required property '{path}' not found in JSON")

    return check


def one_of(path: str, *allowed: str) -> Hook:
    """Refuse a value that Azure does not know; letter case does not matter."""
    known = {value.lower() for value in allowed}

    def check(change: Change) -> None:
        for value in found(change.body, path):
            if value is not None and str(value).lower() not in known:
                raise ArmError(
                    400,
                    "InvalidParameter",
                    f"The value '{value}' of '{path}' is invalid: it is one of "
                    f"{', '.join(allowed)}.",
                )

    return check


def refers(*paths: str, kind: str = "") -> Hook:
    """Refuse ids of what does not exist, or is of another kind; nothing need be there."""

    def check(change: Change) -> None:
        for path in paths:
            for value in found(change.body, path):
                if value:
                    check_reference(change, str(value), kind)

    return check


def check_reference(change: Change, wanted: str, kind: str = "") -> None:
    """Azure refuses to point at what is not there."""
    target = ResourceId.parse(wanted)
    if kind and target.kind.lower() != kind.lower():
        raise ArmError(
            400,
            "InvalidResourceReference",
            f"'{wanted}' referenced by resource {change.id} is not the id of a {kind}.",
        )
    if target.subscription.lower() == change.store.subscription and not exists(
        change.store, target
    ):
        raise ArmError(
            400,
            "InvalidResourceReference",
            f"Resource {wanted} referenced by resource {change.id} was not found. Please make sure "
            "that the referenced resource exists.",
        )


def exists(store: Store, target: ResourceId) -> bool:
    is_subscription = not target.group and "providers" not in target.segments
    return is_subscription or store.find(target) is not None


# --- What Azure adds ------------------------------------------------------------------------------


def defaults(**values: Any) -> Hook:
    """Properties that are there when the request does not set them."""

    def fill(change: Change) -> None:
        for name, value in values.items():
            if change.properties.get(name) is None:
                change.properties[name] = duplicate(value)

    return fill


def computed(make: Callable[[Change], Mapping[str, Any]]) -> Hook:
    """Properties that Azure decides, whatever the request says."""

    def fill(change: Change) -> None:
        change.properties.update(make(change))

    return fill


def kept(make: Callable[[Change], Mapping[str, Any]]) -> Hook:
    """Properties that Azure decides once, and keeps when the resource changes."""

    def fill(change: Change) -> None:
        before = change.before.properties if change.before else {}
        change.properties.update(
            {name: before.get(name, value) for name, value in make(change).items()}
        )

    return fill


def identified(change: Change) -> None:
    """Give the identities that a resource asks for their ids, as the directory has them."""
    identity = change.body.get("identity")
    if not identity or identity.get("type") in (None, "None"):
        change.body.pop("identity", None)
        return
    kinds = str(identity["type"])
    if "SystemAssigned" in kinds:
        held = (change.before.body.get("identity") if change.before else None) or {}
        identity["principalId"] = (
            held.get("principalId") or change.store.introduce(change.id.name).object_id
        )
        identity["tenantId"] = change.store.tenant
    if "UserAssigned" in kinds:
        for wanted in identity.get("userAssignedIdentities") or {}:
            check_reference(change, wanted, IDENTITIES)
            one = change.store.get(wanted).properties
            identity["userAssignedIdentities"][wanted] = {
                "principalId": one["principalId"],
                "clientId": one["clientId"],
            }


def forget_identity(gone: Resource, store: Store) -> None:
    """An identity that Azure made for a resource goes with it."""
    principal = (gone.body.get("identity") or {}).get("principalId")
    if principal:
        store.principals.pop(principal, None)


def stable_guid(*parts: str) -> str:
    """The same GUID for the same resource, in every run."""
    return str(uuid.UUID(hashlib.md5("|".join(parts).encode(), usedforsecurity=False).hexdigest()))


def stable_label(resource: ResourceId, length: int = 4) -> str:
    """The few letters by which Azure tells apart the host names of equally named resources."""
    return hashlib.sha256(resource.key.encode()).hexdigest()[:length]
