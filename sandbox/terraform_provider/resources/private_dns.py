"""Microsoft.Network: private DNS zones, their records and links."""

from sandbox.terraform_provider.codecs import Codec, wrapped
from sandbox.terraform_provider.mapping import Block, Part, Resource, at, reads
from sandbox.terraform_provider.resources.network import NETWORK

API = "2024-06-01"
ADDRESSES = wrapped("ipv4Address")
FIRST_NAME = Codec(lambda name: {"cname": name}, lambda record: record.get("cname"))

RESOURCES = {
    "azurerm_private_dns_zone": Resource(
        id=f"{NETWORK}/privateDnsZones/{{name}}",
        api=API,
        always={"location": "global"},
        parts={"$soa": Part("/SOA/@")},
        fields={
            "soa_record": Block(
                "$soa.properties",
                {
                    "email": "soaRecord.email",
                    "expire_time": "soaRecord.expireTime",
                    "host_name": reads("soaRecord.host"),
                    "minimum_ttl": "soaRecord.minimumTtl",
                    "refresh_time": "soaRecord.refreshTime",
                    "retry_time": "soaRecord.retryTime",
                    "serial_number": reads("soaRecord.serialNumber"),
                    "fqdn": reads("fqdn"),
                    "tags": "metadata",
                },
                writable=False,
            )
        },
    ),
    "azurerm_private_dns_zone_virtual_network_link": Resource(
        id="{private_dns_zone_id}/virtualNetworkLinks/{name}",
        api=API,
        always={"location": "global"},
        fields={"virtual_network_id": "properties.virtualNetwork.id"},
    ),
    "azurerm_private_dns_a_record": Resource(
        id="{private_dns_zone_id}/A/{name}",
        api=API,
        fields={
            "records": at("properties.aRecords", ADDRESSES),
            "tags": "properties.metadata",
            "fqdn": reads("properties.fqdn"),
        },
    ),
    "azurerm_private_dns_cname_record": Resource(
        id="{private_dns_zone_id}/CNAME/{name}",
        api=API,
        fields={
            "record": at("properties.cnameRecord", FIRST_NAME),
            "tags": "properties.metadata",
            "fqdn": reads("properties.fqdn"),
        },
    ),
}
