"""Private DNS zones: what a name means inside the networks that are linked to its zone."""

from typing import Any

from sandbox.arm import ArmError, ResourceId
from sandbox.cloud.network import references
from sandbox.resource_type import Change
from sandbox.store import Resource, Store

ZONES = "Microsoft.Network/privateDnsZones"
LINKS = f"{ZONES}/virtualNetworkLinks"
RECORDS = ("A", "AAAA", "CNAME", "MX", "PTR", "SOA", "SRV", "TXT")
SOA = {
    "email": "azureprivatedns-host.microsoft.com",
    "expireTime": 2419200,
    "host": "azureprivatedns.net",
    "minimumTtl": 10,
    "refreshTime": 3600,
    "retryTime": 300,
    "serialNumber": 1,
}


def fill_zone(change: Change) -> None:
    change.properties.update(
        maxNumberOfRecordSets=25000,
        maxNumberOfVirtualNetworkLinks=1000,
        maxNumberOfVirtualNetworkLinksWithRegistration=100,
    )


def create_soa(zone: Resource, store: Store) -> None:
    """Each zone is born with the record that says who answers for it."""
    resource = zone.id.child("SOA", "@")
    if store.find(resource) is None:
        properties = {"fqdn": f"{zone.name}.", "ttl": 3600, "metadata": {}, "soaRecord": dict(SOA)}
        store.put(resource, {"properties": properties | {"isAutoRegistered": False}})


def show_zone(zone: Resource, store: Store) -> dict[str, Any]:
    inside = store.below(zone.id)
    links = [found for found in inside if found.kind == LINKS]
    registering = [link for link in links if link.properties.get("registrationEnabled")]
    counters = {
        "numberOfRecordSets": len(inside) - len(links),
        "numberOfVirtualNetworkLinks": len(links),
        "numberOfVirtualNetworkLinksWithRegistration": len(registering),
        "provisioningState": zone.state,
    }
    body = zone.body | {"properties": zone.properties | counters}
    return {"id": str(zone.id), "name": zone.name, "type": zone.kind, **body}


def check_unlinked(zone: Resource, store: Store) -> None:
    if store.below(zone.id, LINKS):
        raise ArmError(
            409,
            "CannotDeleteResource",
            "Can not delete resource before nested resources are deleted: "
            f"{zone.name} is linked to a virtual network.",
        )


def check_link(change: Change) -> None:
    network = references.reference(change.properties, "virtualNetwork")
    if change.store.find(network) is None:
        raise ArmError(
            400,
            "BadRequest",
            f"The virtual network '{network}' of link '{change.id.name}' does not exist.",
        )
    for other in change.store.all(LINKS):
        same_network = references.reference(other.properties, "virtualNetwork").lower()
        zone, taken = change.id.parent.name.lower(), other.id.parent.name.lower()
        if other.id != change.id and same_network == network.lower() and zone == taken:
            raise ArmError(
                409,
                "Conflict",
                "A virtual network cannot be linked to multiple zones with overlapping "
                "namespaces. You tried to link virtual network with "
                f"'{zone}' and '{taken}' zones.",
            )


def fill_link(change: Change) -> None:
    change.properties.setdefault("registrationEnabled", False)
    change.properties.setdefault("resolutionPolicy", "Default")
    change.properties["virtualNetworkLinkState"] = "Completed"
    change.body.setdefault("location", "global")


def fill_record(change: Change) -> None:
    zone = change.id.parent.name
    name = "" if change.id.name == "@" else f"{change.id.name}."
    change.properties["fqdn"] = f"{name}{zone}."
    change.properties["isAutoRegistered"] = False
    change.properties.setdefault("metadata", {})
    if change.id.kind.endswith("/SOA"):
        change.properties["soaRecord"] = SOA | (change.properties.get("soaRecord") or {})


def show_record(record: Resource, _store: Store) -> dict[str, Any]:
    return {"id": str(record.id), "name": record.name, "type": record.kind, **record.body}


def address_record(zone: ResourceId, name: str, address: str) -> tuple[ResourceId, dict[str, Any]]:
    """The record that lets a private endpoint be found by the public name of its service."""
    properties = {
        "fqdn": f"{name}.{zone.name}.",
        "ttl": 10,
        "aRecords": [{"ipv4Address": address}],
        "isAutoRegistered": False,
        "metadata": {"creator": "created by private endpoint"},
    }
    return zone.child("A", name), {"properties": properties}
