"""Microsoft.Network: public DNS zones and their records."""

from sandbox.terraform_provider.codecs import Codec, wrapped
from sandbox.terraform_provider.mapping import Block, Entry, Part, Resource, at, reads
from sandbox.terraform_provider.resources.network import NETWORK

API = "2018-05-01"
NAME = Codec(lambda name: {"cname": name}, lambda record: record.get("cname"))
TEXT = Codec(lambda text: [text], "".join)


def record(kind: str, fields: dict[str, Entry]) -> Resource:
    return Resource(
        id=f"{NETWORK}/dnsZones/{{zone_name}}/{kind}/{{name}}",
        api=API,
        fields={
            "fqdn": reads("properties.fqdn"),
            "tags": "properties.metadata",
            "ttl": "properties.TTL",
            **fields,
        },
    )


TARGET: dict[str, Entry] = {"target_resource_id": "properties.targetResource.id"}
RESOURCES = {
    "azurerm_dns_zone": Resource(
        id=f"{NETWORK}/dnsZones/{{name}}",
        api=API,
        always={"location": "global"},
        parts={"$soa": Part("/SOA/@")},
        fields={
            "soa_record": Block(
                "$soa.properties",
                {
                    "email": "SOARecord.email",
                    "expire_time": "SOARecord.expireTime",
                    "host_name": reads("SOARecord.host"),
                    "minimum_ttl": "SOARecord.minimumTTL",
                    "refresh_time": "SOARecord.refreshTime",
                    "retry_time": "SOARecord.retryTime",
                    "serial_number": "SOARecord.serialNumber",
                    "ttl": "TTL",
                    "tags": "metadata",
                },
                writable=False,
            )
        },
    ),
    "azurerm_dns_a_record": record(
        "A", {"records": at("properties.ARecords", wrapped("ipv4Address")), **TARGET}
    ),
    "azurerm_dns_cname_record": record(
        "CNAME", {"record": at("properties.CNAMERecord", NAME), **TARGET}
    ),
    "azurerm_dns_txt_record": record(
        "TXT", {"record": Block("properties.TXTRecords", {"value": at("value", TEXT)})}
    ),
}
