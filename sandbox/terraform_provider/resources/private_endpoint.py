"""Microsoft.Network: private endpoints, with their network interface and DNS zone group."""

from typing import Any

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.codecs import Codec
from sandbox.terraform_provider.lifecycle import Change, Lifecycle, Plan, about, prefixed
from sandbox.terraform_provider.mapping import Block, Part, Resource, reads
from sandbox.terraform_provider.resources.network import API, NETWORK
from sandbox.terraform_provider.values import Object

GROUPS = "/privateDnsZoneGroups"
ZONE_IDS = Codec(
    decode=lambda entries: [zone["properties"]["privateDnsZoneId"] for zone in entries]
)
AUTOMATIC, MANUAL = "privateLinkServiceConnections", "manualPrivateLinkServiceConnections"


def network_interface(body: Object) -> str | None:
    interfaces = bodies.get(body, "properties.networkInterfaces") or []
    return interfaces[0]["id"] if interfaces else None


class PrivateEndpoint(Lifecycle):
    """Azure has two lists of connections, and zone groups as children; the table has one each."""

    def correct(self, plan: Plan) -> None:
        for index, _connection in enumerate(plan.new("private_service_connection") or ()):
            place = f"private_service_connection.{index}"
            manual, message = plan.new(f"{place}.is_manual_connection"), f"{place}.request_message"
            about_it = (
                f'"private_service_connection":"{plan.new(f"{place}.name") or ""}" is invalid'
            )
            plan.refuse_if(
                bool(plan.new(message)) and not manual,
                f'{about_it}, the "request_message" attribute cannot be set if the '
                '"is_manual_connection" attribute is "false"',
            )
            plan.refuse_if(
                bool(manual) and not str(plan.new(message) or "").strip(),
                f'{about_it}, the "request_message" attribute must not be empty',
            )

    def prepare(self, body: Object, _change: Change) -> None:
        properties = body["properties"]
        connection = properties.pop("$connection", {})
        manual = connection.pop("$manual", False)
        properties[MANUAL if manual else AUTOMATIC] = [connection]
        properties.pop(AUTOMATIC if manual else MANUAL, None)

    def arrange(self, body: Object, _prior: Object | None) -> None:
        properties = body["properties"]
        for key in (AUTOMATIC, MANUAL):
            for connection in properties.get(key) or []:
                address = bodies.get(
                    body, "$interface.properties.ipConfigurations.0.properties.privateIPAddress"
                )
                properties["$connection"] = {
                    **connection,
                    "$manual": key == MANUAL,
                    "$address": address,
                }
        groups = bodies.get(body, "$groups.value") or []
        if groups:
            properties["$zones"] = groups[0]
        interface = body.get("$interface")
        properties["$interfaces"] = [interface] if interface else []
        properties["$configurations"] = [
            {
                "id": f"{group['id']}/privateDnsZoneConfigs/{entry['name']}",
                "name": entry["name"],
                **entry["properties"],
            }
            for group in groups
            for entry in bodies.get(group, "properties.privateDnsZoneConfigs") or []
        ]

    def finish(self, resource_id: str, change: Change, deadline: float) -> None:
        """Bring the zone group to what the configuration says."""
        before = next(iter((change.prior or {}).get("private_dns_zone_group") or []), None)
        wanted = next(iter(change.planned.get("private_dns_zone_group") or []), None)
        if before and (wanted is None or wanted["name"] != before["name"]):
            self.azure.delete(f"{resource_id}{GROUPS}/{before['name']}", API, deadline)
        if wanted and wanted != before:
            path = f"{resource_id}{GROUPS}/{wanted['name']}"
            with prefixed("creating Private DNS Zone Group"):
                self.azure.change("PUT", path, API, zone_group(wanted), deadline)

    def delete(self, prior: Object) -> None:
        with about("deleting", prior["id"]):
            found = self.azure.call("GET", prior["id"] + GROUPS, API, accept=(200, 404)).body or {}
            for group in found.get("value") or []:
                self.azure.delete(group["id"], API, self.deadline_of("delete", prior))
        super().delete(prior)


def zone_group(wanted: Object) -> Object:
    zones: list[Any] = [
        {"name": zone.rsplit("/", 1)[1], "properties": {"privateDnsZoneId": zone}}
        for zone in wanted["private_dns_zone_ids"]
    ]
    return {"name": wanted["name"], "properties": {"privateDnsZoneConfigs": zones}}


RESOURCES = {
    "azurerm_private_endpoint": Resource(
        id=f"{NETWORK}/privateEndpoints/{{name}}",
        api=API,
        parts={"$interface": Part(network_interface), "$groups": Part(GROUPS)},
        fields={
            "subnet_id": "properties.subnet.id",
            "edge_zone": "extendedLocation.name",
            "custom_network_interface_name": "properties.customNetworkInterfaceName",
            "private_service_connection": Block(
                "properties.$connection",
                {
                    "name": "name",
                    "is_manual_connection": "$manual",
                    "private_connection_resource_id": "properties.privateLinkServiceId",
                    "private_connection_resource_alias": "properties.privateLinkServiceAlias",
                    "subresource_names": "properties.groupIds",
                    "request_message": "properties.requestMessage",
                    "private_ip_address": reads("$address"),
                },
            ),
            "private_dns_zone_group": Block(
                "properties.$zones",
                {
                    "id": reads("id"),
                    "name": "name",
                    "private_dns_zone_ids": reads("properties.privateDnsZoneConfigs", ZONE_IDS),
                },
                writable=False,
            ),
            "ip_configuration": Block(
                "properties.ipConfigurations",
                {
                    "name": "name",
                    "member_name": "properties.memberName",
                    "subresource_name": "properties.groupId",
                    "private_ip_address": "properties.privateIPAddress",
                },
            ),
            "network_interface": Block("properties.$interfaces", {"id": "id", "name": "name"}),
            "custom_dns_configs": Block("properties.customDnsConfigs"),
            "private_dns_zone_configs": Block(
                "properties.$configurations",
                {
                    "id": "id",
                    "name": "name",
                    "record_sets": Block(
                        "recordSets", {"name": "recordSetName", "type": "recordType"}
                    ),
                },
            ),
        },
    ),
}
LIFECYCLES = {"azurerm_private_endpoint": PrivateEndpoint}
