"""Microsoft.Network: interfaces of machines, and bastions to reach them."""

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.codecs import NEGATED
from sandbox.terraform_provider.lifecycle import Lifecycle
from sandbox.terraform_provider.mapping import Block, Entries, Resource, at, reads
from sandbox.terraform_provider.resources.network import API, NETWORK
from sandbox.terraform_provider.values import Object

CONFIGURATIONS = "properties.ipConfigurations"
ADDRESSES: Entries = {
    "name": "name",
    "subnet_id": "properties.subnet.id",
    "public_ip_address_id": "properties.publicIPAddress.id",
}


class Interface(Lifecycle):
    def arrange(self, body: Object, _prior: Object | None) -> None:
        found = [
            one["properties"].get("privateIPAddress")
            for one in bodies.get(body, CONFIGURATIONS) or []
        ]
        body["$addresses"] = [one for one in found if one]


RESOURCES = {
    "azurerm_network_interface": Resource(
        id=f"{NETWORK}/networkInterfaces/{{name}}",
        api=API,
        fields={
            "accelerated_networking_enabled": "properties.enableAcceleratedNetworking",
            "applied_dns_servers": reads("properties.dnsSettings.appliedDnsServers"),
            "dns_servers": "properties.dnsSettings.dnsServers",
            "edge_zone": "extendedLocation.name",
            "internal_dns_name_label": "properties.dnsSettings.internalDnsNameLabel",
            "internal_domain_name_suffix": reads("properties.dnsSettings.internalDomainNameSuffix"),
            "ip_forwarding_enabled": "properties.enableIPForwarding",
            "private_ip_address": reads("$addresses.0"),
            "private_ip_addresses": reads("$addresses"),
            "virtual_machine_id": reads("properties.virtualMachine.id"),
            "ip_configuration": Block(
                CONFIGURATIONS,
                {
                    **ADDRESSES,
                    "gateway_load_balancer_frontend_ip_configuration_id": (
                        "properties.gatewayLoadBalancer.id"
                    ),
                    "private_ip_address": "properties.privateIPAddress",
                    "private_ip_address_allocation": "properties.privateIPAllocationMethod",
                    "private_ip_address_version": "properties.privateIPAddressVersion",
                },
                inner="properties.",
            ),
        },
    ),
    "azurerm_bastion_host": Resource(
        id=f"{NETWORK}/bastionHosts/{{name}}",
        api=API,
        fields={
            "copy_paste_enabled": at("properties.disableCopyPaste", NEGATED),
            "file_copy_enabled": "properties.enableFileCopy",
            "ip_connect_enabled": "properties.enableIpConnect",
            "kerberos_enabled": "properties.enableKerberos",
            "private_only_enabled": reads("properties.enablePrivateOnlyBastion"),
            "session_recording_enabled": "properties.enableSessionRecording",
            "shareable_link_enabled": "properties.enableShareableLink",
            "sku": "sku.name",
            "tunneling_enabled": "properties.enableTunneling",
            "virtual_network_id": "properties.virtualNetwork.id",
            "ip_configuration": Block(f"{CONFIGURATIONS}.0", ADDRESSES),
        },
    ),
}
LIFECYCLES = {"azurerm_network_interface": Interface}
