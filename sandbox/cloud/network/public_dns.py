"""Public DNS zones and their records, api-version 2018-05-01; the world does not see them."""

import uuid
from typing import Any

from sandbox.resource_type import Change, ResourceType, stateless
from sandbox.store import Resource, Store

ZONES = "Microsoft.Network/dnsZones"
RECORDS = ("A", "AAAA", "CAA", "CNAME", "MX", "NS", "PTR", "SOA", "SRV", "TXT")
SERVERS = tuple(f"ns1-01.azure-dns.{end}." for end in ("com", "net", "org", "info"))
SOA = {
    "email": "azuredns-hostmaster.microsoft.com",
    "expireTime": 2419200,
    "host": SERVERS[0],
    "minimumTTL": 300,
    "refreshTime": 3600,
    "retryTime": 300,
    "serialNumber": 1,
}


def fill_zone(change: Change) -> None:
    change.body["etag"] = str(uuid.uuid4())
    change.properties.update(
        maxNumberOfRecordSets=10000, nameServers=list(SERVERS), zoneType="Public"
    )


def create_own(zone: Resource, store: Store) -> None:
    """Each zone is born with the records that say who answers for it."""
    own: dict[str, dict[str, Any]] = {
        "SOA": {"TTL": 3600, "SOARecord": dict(SOA)},
        "NS": {"TTL": 172800, "NSRecords": [{"nsdname": name} for name in SERVERS]},
    }
    for word, properties in own.items():
        record = zone.id.child(word, "@")
        if store.find(record) is None:
            shown = {"fqdn": f"{zone.name}.", "metadata": {}, "provisioningState": "Succeeded"}
            store.put(record, {"etag": str(uuid.uuid4()), "properties": properties | shown})


def show_zone(zone: Resource, store: Store) -> dict[str, Any]:
    shown = stateless(zone, store)
    count = {"numberOfRecordSets": len(store.below(zone.id))}
    return shown | {"properties": zone.properties | count}


def fill_record(change: Change) -> None:
    zone = change.id.parent.name
    label = "" if change.id.name == "@" else f"{change.id.name}."
    change.body["etag"] = str(uuid.uuid4())
    change.properties.setdefault("metadata", {})
    change.properties["fqdn"] = f"{label}{zone}."
    change.properties["provisioningState"] = "Succeeded"
    if change.id.kind.endswith("/SOA"):
        change.properties["SOARecord"] = SOA | (change.properties.get("SOARecord") or {})


TYPES = (
    ResourceType(ZONES, fill=fill_zone, stored=create_own, render=show_zone),
    *(ResourceType(f"{ZONES}/{record}", fill=fill_record, render=stateless) for record in RECORDS),
)
