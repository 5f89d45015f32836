"""Private endpoints: an address inside a network for a service that lives outside it."""

import uuid
from typing import Any

from sandbox.arm import ResourceId
from sandbox.cloud.network import models, private_dns, references
from sandbox.resource_type import Change
from sandbox.store import Resource, Store

ENDPOINTS = "Microsoft.Network/privateEndpoints"
CARDS = "Microsoft.Network/networkInterfaces"
APPROVED = {"status": "Approved", "description": "Auto-Approved", "actionsRequired": "None"}
CONNECTIONS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
SUFFIXES = {
    "microsoft.keyvault/vaults": "vault.azure.net",
    "microsoft.containerregistry/registries": "azurecr.io",
    "microsoft.dbforpostgresql/flexibleservers": "postgres.database.azure.com",
}


def check(change: Change) -> None:
    references.check(change.store, references.reference(change.properties, "subnet"), change.id)
    for connection in connections(change.properties):
        target = connection["properties"]["privateLinkServiceId"]
        references.check(change.store, target, change.id)


def connections(properties: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for key in CONNECTIONS for item in properties.get(key) or []]


def fill(change: Change) -> None:
    """The address comes from the subnet and stays when the endpoint is changed."""
    properties = change.properties
    for key in CONNECTIONS:
        properties.setdefault(key, [])
    for connection in connections(properties):
        connection["id"] = f"{change.id}/privateLinkServiceConnections/{connection['name']}"
        connection["type"] = f"{ENDPOINTS}/privateLinkServiceConnections"
        connection["properties"]["provisioningState"] = "Succeeded"
        connection["properties"]["privateLinkServiceConnectionState"] = dict(APPROVED)
    if change.before:
        for key in ("networkInterfaces", "customDnsConfigs"):
            properties[key] = change.before.properties[key]
        return
    subnet = ResourceId.parse(references.reference(properties, "subnet"), models.SUBNETS)
    address = models.free_address(change.store, subnet)
    name = properties.get("customNetworkInterfaceName") or f"{change.id.name}.nic.{uuid.uuid4()}"
    card = ResourceId.parse(f"{change.id.group_id}/providers/{CARDS}/{name}")
    configuration = f"{card}/ipConfigurations/privateEndpointIpConfig"
    change.store.put(
        card,
        {
            "location": change.location,
            "properties": {
                "privateEndpoint": {"id": str(change.id)},
                "ipConfigurations": [
                    {
                        "id": configuration,
                        "name": "privateEndpointIpConfig",
                        "properties": {
                            "provisioningState": "Succeeded",
                            "privateIPAddress": address,
                            "privateIPAllocationMethod": "Dynamic",
                            "subnet": {"id": str(subnet)},
                            "primary": True,
                        },
                    }
                ],
            },
        },
    )
    properties["networkInterfaces"] = [{"id": str(card)}]
    properties["customDnsConfigs"] = [
        {"fqdn": public_name(connection), "ipAddresses": [address]}
        for connection in connections(properties)
    ]


def public_name(connection: dict[str, Any]) -> str:
    """What clients call the service that the endpoint leads to."""
    target = ResourceId.parse(connection["properties"]["privateLinkServiceId"])
    part = (connection["properties"].get("groupIds") or ["blob"])[0]
    suffix = SUFFIXES.get(target.kind.lower(), f"{part}.core.windows.net")
    return f"{target.name.lower()}.{suffix}"


def remove_card(endpoint: Resource, store: Store) -> None:
    for card in endpoint.properties.get("networkInterfaces") or []:
        if store.find(card["id"]):
            store.delete(card["id"])


# --- The group that writes the endpoint's names into private zones --------------------------------


def zone_configurations(properties: dict[str, Any]) -> list[dict[str, Any]]:
    return properties.get("privateDnsZoneConfigs") or []


def check_group(change: Change) -> None:
    for item in zone_configurations(change.properties):
        zone = str(item["properties"]["privateDnsZoneId"])
        references.check(change.store, zone, change.id)


def fill_group(change: Change) -> None:
    endpoint = change.store.get(change.id.parent)
    for item in zone_configurations(change.properties):
        item["properties"]["recordSets"] = [
            {
                "recordType": "A",
                "recordSetName": custom["fqdn"].split(".")[0],
                "fqdn": custom["fqdn"],
                "ttl": 10,
                "ipAddresses": custom["ipAddresses"],
                "provisioningState": "Succeeded",
            }
            for custom in endpoint.properties["customDnsConfigs"]
        ]


def write_records(group: Resource, store: Store) -> None:
    for zone, record in records(group):
        resource, body = private_dns.address_record(
            zone, record["recordSetName"], record["ipAddresses"][0]
        )
        store.put(resource, body)


def remove_records(group: Resource, store: Store) -> None:
    for zone, record in records(group):
        resource = zone.child("A", record["recordSetName"])
        if store.find(resource):
            store.delete(resource)


def records(group: Resource) -> list[tuple[ResourceId, dict[str, Any]]]:
    return [
        (
            ResourceId.parse(item["properties"]["privateDnsZoneId"], private_dns.ZONES),
            record,
        )
        for item in zone_configurations(group.properties)
        for record in item["properties"].get("recordSets") or []
    ]
