"""Microsoft.Network: networks, rules and addresses that stand on their own."""

from sandbox.terraform_provider.body import get
from sandbox.terraform_provider.codecs import ENABLED, IDS, NAMES, NEGATED
from sandbox.terraform_provider.lifecycle import Change, Lifecycle, Plan
from sandbox.terraform_provider.mapping import (
    GROUP,
    STATE_ONLY,
    Block,
    Entries,
    Resource,
    at,
    reads,
)
from sandbox.terraform_provider.values import Object

API = "2025-01-01"
NETWORK = f"{GROUP}/providers/Microsoft.Network"
NETWORKS = f"{NETWORK}/virtualNetworks/{{virtual_network_name}}"

SERVICE_ENDPOINT = Block(
    "properties.serviceEndpoints", {"network_identifier": "networkIdentifier.id"}
)
DELEGATION = Block(
    "properties.delegations",
    {"service_delegation": Block("properties", {"name": "serviceName"})},
)
SECURITY_RULE: Entries = {
    "name": "name",
    "source_application_security_group_ids": at("properties.sourceApplicationSecurityGroups", IDS),
    "destination_application_security_group_ids": at(
        "properties.destinationApplicationSecurityGroups", IDS
    ),
}
ADDRESS_POOL = Block(
    "properties.addressSpace.ipamPoolPrefixAllocations",
    {
        "id": "pool.id",
        "number_of_ip_addresses": "numberOfIpAddresses",
        "allocated_ip_address_prefixes": reads("allocatedAddressPrefixes"),
    },
)
SUBNET: Entries = {
    "default_outbound_access_enabled": "properties.defaultOutboundAccess",
    "private_link_service_network_policies_enabled": at(
        "properties.privateLinkServiceNetworkPolicies", ENABLED
    ),
    "service_endpoint_policy_ids": at("properties.serviceEndpointPolicies", IDS),
    "delegation": DELEGATION,
    "service_endpoint": SERVICE_ENDPOINT,
}
INLINE_SUBNET: Entries = {
    **SUBNET,
    "name": "name",
    "id": reads("id"),
    "security_group": "properties.networkSecurityGroup.id",
    "route_table_id": "properties.routeTable.id",
}


class VirtualNetwork(Lifecycle):
    """Subnets are children: the configuration's are sent, and others stay as they are."""

    def prepare(self, body: Object, change: Change) -> None:
        if change.prior is None:
            body["properties"].setdefault("subnets", [])

    def arrange(self, body: Object, _prior: Object | None) -> None:
        for subnet in get(body, "properties.subnets") or []:
            subnet.setdefault("properties", {}).setdefault("defaultOutboundAccess", True)


FIXED = ("name", "location", "allocation_method", "ip_version", "sku", "sku_tier", "zones")
NO_BASIC = (
    "creation of new `Basic` SKU public IP addresses is no longer permitted following its "
    "deprecation on March 31, 2025. This also affects `allocation_method` set to `Dynamic`, as it "
    "is only available with the `Basic` SKU. For more information, see "
    "https://azure.microsoft.com/updates/upgrade-to-standard-sku-public-ip-addresses-in-azure-by-"
    "30-september-2025-basic-sku-will-be-retired/"
)


class PublicIp(Lifecycle):
    def correct(self, plan: Plan) -> None:
        basic = str(plan.new("sku")).lower() == "basic"
        plan.refuse_if(basic and (plan.prior is None or any(map(plan.changes, FIXED))), NO_BASIC)
        standard = str(plan.new("sku")).lower() == "standard"
        plan.refuse_if(
            str(plan.new("sku_tier")).lower() == "global" and not standard,
            "`sku` must be set to `Standard` when `sku_tier` is set to `Global`",
        )
        before, after = plan.old("domain_name_label_scope"), plan.new("domain_name_label_scope")
        plan.replace_if("domain_name_label_scope", bool(before) or not after)


class NatGateway(Lifecycle):
    def correct(self, plan: Plan) -> None:
        plan.refuse_if(
            plan.new("sku_name") == "StandardV2" and plan.config.get("zones") is not None,
            "azurerm_nat_gateway resources with `sku_name` set to `StandardV2` are zone-redundant "
            "by default, Azure automatically deploys across all available zones. The `zones` "
            "argument must be omitted",
        )


RESOURCES = {
    "azurerm_virtual_network": Resource(
        id=f"{NETWORK}/virtualNetworks/{{name}}",
        api=API,
        fields={
            "address_space": "properties.addressSpace.addressPrefixes",
            "dns_servers": "properties.dhcpOptions.dnsServers",
            "guid": reads("properties.resourceGuid"),
            "edge_zone": "extendedLocation.name",
            "bgp_community": "properties.bgpCommunities.virtualNetworkCommunity",
            "private_endpoint_vnet_policies": "properties.privateEndpointVNetPolicies",
            "ddos_protection_plan": Block(
                "properties", {"id": "ddosProtectionPlan.id", "enable": "enableDdosProtection"}
            ),
            "ip_address_pool": ADDRESS_POOL,
            "subnet": Block("properties.subnets", INLINE_SUBNET, inner="properties."),
        },
        data={"subnets": reads("properties.subnets", NAMES)},
    ),
    "azurerm_network_security_group": Resource(
        id=f"{NETWORK}/networkSecurityGroups/{{name}}",
        api=API,
        fields={
            "security_rule": Block("properties.securityRules", SECURITY_RULE, inner="properties.")
        },
    ),
    "azurerm_application_security_group": Resource(
        id=f"{NETWORK}/applicationSecurityGroups/{{name}}", api=API
    ),
    "azurerm_route_table": Resource(
        id=f"{NETWORK}/routeTables/{{name}}",
        api=API,
        fields={
            "bgp_route_propagation_enabled": at("properties.disableBgpRoutePropagation", NEGATED),
            "route": Block(
                "properties.routes",
                {"name": "name", "next_hop_in_ip_address": "properties.nextHopIpAddress"},
                inner="properties.",
            ),
            "subnets": reads("properties.subnets", IDS),
        },
    ),
    "azurerm_public_ip": Resource(
        id=f"{NETWORK}/publicIPAddresses/{{name}}",
        api=API,
        fields={
            "allocation_method": "properties.publicIPAllocationMethod",
            "ddos_protection_mode": "properties.ddosSettings.protectionMode",
            "ddos_protection_plan_id": "properties.ddosSettings.ddosProtectionPlan.id",
            "domain_name_label": "properties.dnsSettings.domainNameLabel",
            "domain_name_label_scope": "properties.dnsSettings.domainNameLabelScope",
            "reverse_fqdn": "properties.dnsSettings.reverseFqdn",
            "fqdn": reads("properties.dnsSettings.fqdn"),
            "edge_zone": "extendedLocation.name",
            "idle_timeout_in_minutes": "properties.idleTimeoutInMinutes",
            "ip_address": reads("properties.ipAddress"),
            "ip_version": "properties.publicIPAddressVersion",
            "public_ip_prefix_id": "properties.publicIPPrefix.id",
            "ip_tags": STATE_ONLY,
            "sku": "sku.name",
            "sku_tier": "sku.tier",
        },
    ),
    "azurerm_public_ip_prefix": Resource(
        id=f"{NETWORK}/publicIPPrefixes/{{name}}",
        api=API,
        fields={
            "sku": "sku.name",
            "sku_tier": "sku.tier",
            "ip_version": "properties.publicIPAddressVersion",
            "ip_prefix": reads("properties.ipPrefix"),
        },
    ),
    "azurerm_nat_gateway": Resource(
        id=f"{NETWORK}/natGateways/{{name}}",
        api=API,
        fields={"sku_name": "sku.name", "resource_guid": reads("properties.resourceGuid")},
    ),
}
LIFECYCLES = {
    "azurerm_nat_gateway": NatGateway,
    "azurerm_public_ip": PublicIp,
    "azurerm_virtual_network": VirtualNetwork,
}
