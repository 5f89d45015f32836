"""Networks and what hangs on them: the checks that Azure makes, and what it fills in."""

import hashlib
import uuid
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from sandbox.arm import ArmError, ResourceId
from sandbox.cloud.network import references
from sandbox.resource_type import Change
from sandbox.store import Resource, Store

SUBNETS = "Microsoft.Network/virtualNetworks/subnets"
RULES = "Microsoft.Network/networkSecurityGroups/securityRules"
PRIORITIES = range(100, 4097)
RESERVED = 4  # Azure keeps the first four addresses of a subnet (and the last).

# name, priority, direction, access, source, destination
DEFAULT_RULES = (
    ("AllowVnetInBound", 65000, "Inbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowAzureLoadBalancerInBound", 65001, "Inbound", "Allow", "AzureLoadBalancer", "*"),
    ("DenyAllInBound", 65500, "Inbound", "Deny", "*", "*"),
    ("AllowVnetOutBound", 65000, "Outbound", "Allow", "VirtualNetwork", "VirtualNetwork"),
    ("AllowInternetOutBound", 65001, "Outbound", "Allow", "*", "Internet"),
    ("DenyAllOutBound", 65500, "Outbound", "Deny", "*", "*"),
)

Network = IPv4Network | IPv6Network


# What is kept elsewhere, and sent back by clients that read it.
SHOWN = ("defaultSecurityRules", "subnets", "virtualNetworkPeerings")


def forget_shown(change: Change) -> None:
    """What Azure only shows is not kept: who uses a resource changes without it."""
    for key in SHOWN:
        change.properties.pop(key, None)


def stable_guid(*parts: str) -> str:
    """The same GUID for the same resource, in every run."""
    return str(uuid.UUID(hashlib.md5("|".join(parts).encode(), usedforsecurity=False).hexdigest()))


# --- Virtual networks and subnets ----------------------------------------------------------------


def address_space(change: Change) -> list[Network]:
    prefixes = (change.properties.get("addressSpace") or {}).get("addressPrefixes") or []
    if not prefixes:
        raise ArmError(
            400,
            "NoAddressPrefixOrPoolProvided",
            f"Virtual network {change.id} has no address prefix: set addressSpace.addressPrefixes.",
        )
    return [parsed(prefix, change.id) for prefix in prefixes]


def parsed(prefix: str, where: ResourceId) -> Network:
    try:
        return ip_network(str(prefix))  # A number would be read as an address.
    except ValueError as error:
        raise ArmError(
            400,
            "InvalidAddressPrefixFormat",
            f"Address prefix {prefix} of resource {where} is not formatted correctly. It should "
            "follow CIDR notation, for example 10.0.0.0/24, with no bits beyond its length.",
        ) from error


def check_network(change: Change) -> None:
    """The address space must still hold every subnet."""
    space = address_space(change)
    seen: list[Network] = []
    for item in change.properties.get("subnets") or []:
        name, own = str(item["name"]), prefixes_of(item.get("properties") or {}, change.id)
        inside(own, space, name, change.id)
        if any(overlaps(one, other) for one in own for other in seen):
            raise overlap(name, change.id)
        seen += own


def fill_network(change: Change) -> None:
    change.properties.setdefault("enableDdosProtection", False)
    change.properties.pop("virtualNetworkPeerings", None)
    change.properties["resourceGuid"] = stable_guid(change.id.key)


def prefixes_of(properties: dict[str, Any], where: ResourceId) -> list[Network]:
    """A subnet has one prefix or several, under different names."""
    given = properties.get("addressPrefixes") or []
    if not given and properties.get("addressPrefix"):
        given = [properties["addressPrefix"]]
    return [parsed(prefix, where) for prefix in given]


def inside(wanted: list[Network], space: list[Network], name: str, network: ResourceId) -> None:
    """Refuse a subnet that its network cannot hold."""
    for prefix in wanted:
        if not any(_contains(outer, prefix) for outer in space):
            raise ArmError(
                400,
                "NetcfgInvalidSubnet",
                f"Subnet '{name}' is not valid in virtual network '{network.name}'.",
            )


def overlap(name: str, network: ResourceId) -> ArmError:
    return ArmError(
        400,
        "NetcfgSubnetRangesOverlap",
        f"Subnet '{name}' is not valid because its IP address range overlaps with that of an "
        f"existing subnet in virtual network '{network.name}'.",
    )


def check_subnet(change: Change) -> None:
    network = change.store.get(change.id.parent)
    own = prefixes_of(change.properties, change.id)
    if not own:
        raise ArmError(
            400,
            "NoAddressPrefixOrPoolProvided",
            f"Subnet {change.id} has no address prefix: set addressPrefix or addressPrefixes.",
        )
    space = network.properties["addressSpace"]["addressPrefixes"]
    inside(own, [ip_network(prefix) for prefix in space], change.id.name, network.id)
    for other in change.store.below(network.id, SUBNETS):
        taken = prefixes_of(other.properties, other.id)
        if other.id != change.id and any(overlaps(a, b) for a in own for b in taken):
            raise overlap(change.id.name, network.id)
    for key in ("networkSecurityGroup", "routeTable", "natGateway"):
        references.check(change.store, references.reference(change.properties, key), change.id)


def fill_subnet(change: Change) -> None:
    properties = change.properties
    properties.setdefault("privateEndpointNetworkPolicies", "Disabled")
    properties.setdefault("privateLinkServiceNetworkPolicies", "Enabled")
    for key in ("networkSecurityGroup", "routeTable", "natGateway"):
        if not references.reference(properties, key):
            properties.pop(key, None)
    delegations = [delegation(change.id, item) for item in properties.get("delegations") or []]
    properties["delegations"] = delegations


def delegation(subnet: ResourceId, item: dict[str, Any]) -> dict[str, Any]:
    properties = {"actions": [], **(item.get("properties") or {}), "provisioningState": "Succeeded"}
    return {
        "id": f"{subnet}/delegations/{item.get('name', '')}",
        "name": item.get("name", ""),
        "type": f"{SUBNETS}/delegations",
        "properties": properties,
    }


def check_subnet_unused(resource: Resource, store: Store) -> None:
    references.check_unused(store, resource.id, "Subnet", "InUseSubnetCannotBeDeleted")


def check_network_unused(resource: Resource, store: Store) -> None:
    for subnet in store.below(resource.id, SUBNETS):
        check_subnet_unused(subnet, store)
    references.check_unused(
        store, resource.id, "Virtual network", "InUseVirtualNetworkCannotBeDeleted"
    )


def free_address(store: Store, subnet: ResourceId) -> str:
    """The next private address of a subnet that no interface has."""
    taken = {
        ip["properties"]["privateIPAddress"]
        for card in store.all("Microsoft.Network/networkInterfaces")
        for ip in card.properties["ipConfigurations"]
        if references.reference(ip["properties"], "subnet").lower() == subnet.key
    }
    network = prefixes_of(store.get(subnet).properties, subnet)[0]
    first, last = int(network.network_address) + RESERVED, int(network.broadcast_address)
    for number in range(first, last):
        if str(ip_address(number)) not in taken:
            return str(ip_address(number))
    raise ArmError(
        400,
        "SubnetIsFull",
        f"Subnet {subnet.name} with address prefix {network} does not have enough capacity for "
        "1 IP addresses.",
    )


# --- Security groups and routes ------------------------------------------------------------------


def check_rule(change: Change) -> None:
    properties = change.properties
    priority = properties.get("priority", 0)
    if priority not in PRIORITIES:
        raise ArmError(
            400,
            "SecurityRuleInvalidPriority",
            f"Security rule has invalid Priority. Value provided: {priority} Allowed range "
            f"{PRIORITIES.start}-{PRIORITIES.stop - 1}.",
        )
    for other in change.store.below(change.id.parent, RULES):
        same = other.properties["priority"] == priority
        if other.id != change.id and same and direction(other.properties) == direction(properties):
            raise ArmError(
                400,
                "SecurityRuleConflict",
                f"Security rule {change.id.name} conflicts with rule {other.name}. Rules cannot "
                "have the same Priority and Direction.",
            )


def direction(properties: dict[str, Any]) -> str:
    return str(properties.get("direction", "")).lower()


def fill_rule(change: Change) -> None:
    for key in (
        "sourcePortRanges",
        "destinationPortRanges",
        "sourceAddressPrefixes",
        "destinationAddressPrefixes",
    ):
        change.properties.setdefault(key, [])


def fill_group(change: Change) -> None:
    forget_shown(change)
    change.properties["resourceGuid"] = stable_guid(change.id.key)


def default_rules(group: ResourceId) -> list[dict[str, Any]]:
    """The rules that every group has and nobody can change."""
    return [
        {
            "id": f"{group}/defaultSecurityRules/{name}",
            "name": name,
            "type": "Microsoft.Network/networkSecurityGroups/defaultSecurityRules",
            "properties": {
                "provisioningState": "Succeeded",
                "protocol": "*",
                "sourcePortRange": "*",
                "destinationPortRange": "*",
                "sourceAddressPrefix": source,
                "destinationAddressPrefix": destination,
                "access": access,
                "priority": priority,
                "direction": way,
            },
        }
        for name, priority, way, access, source, destination in DEFAULT_RULES
    ]


def check_route(change: Change) -> None:
    prefix = str(change.properties.get("addressPrefix", ""))
    if "/" in prefix:  # Otherwise it is a service tag.
        parsed(prefix, change.id)
    hop = change.properties.get("nextHopType")
    if hop == "VirtualAppliance" and not change.properties.get("nextHopIpAddress"):
        raise ArmError(
            400,
            "RouteWithVirtualApplianceMissingNextHopIp",
            f"Route {change.id.name} goes to a virtual appliance: set nextHopIpAddress.",
        )


def fill_route(change: Change) -> None:
    change.properties["hasBgpOverride"] = False


def fill_route_table(change: Change) -> None:
    forget_shown(change)
    change.properties.setdefault("disableBgpRoutePropagation", False)
    change.properties["resourceGuid"] = stable_guid(change.id.key)


# --- Public addresses ----------------------------------------------------------------------------


def fill_public_address(change: Change) -> None:
    properties = change.properties
    properties.setdefault("publicIPAddressVersion", "IPv4")
    properties.setdefault("publicIPAllocationMethod", "Dynamic")
    properties.setdefault("idleTimeoutInMinutes", 4)
    properties.setdefault("ipTags", [])
    properties.setdefault("ddosSettings", {"protectionMode": "VirtualNetworkInherited"})
    properties["resourceGuid"] = stable_guid(change.id.key)
    change.body.setdefault("sku", {"name": "Standard"}).setdefault("tier", "Regional")
    if properties["publicIPAllocationMethod"] == "Static":
        low = hashlib.sha256(change.id.key.encode()).digest()
        properties["ipAddress"] = f"20.{low[0]}.{low[1]}.{1 + low[2] % 254}"


def check_nat_gateway(change: Change) -> None:
    for key in ("publicIpAddresses", "publicIpPrefixes"):
        for item in change.properties.get(key) or []:
            references.check(change.store, str(item.get("id", "")), change.id)


def fill_nat_gateway(change: Change) -> None:
    forget_shown(change)
    change.properties.setdefault("idleTimeoutInMinutes", 4)
    change.properties["resourceGuid"] = stable_guid(change.id.key)


def _contains(outer: Network, prefix: Network) -> bool:
    return (
        outer.version == prefix.version
        and int(outer.network_address) <= int(prefix.network_address)
        and int(prefix.broadcast_address) <= int(outer.broadcast_address)
    )


def overlaps(one: Network, other: Network) -> bool:
    return (
        one.version == other.version
        and int(one.network_address) <= int(other.broadcast_address)
        and int(other.network_address) <= int(one.broadcast_address)
    )
