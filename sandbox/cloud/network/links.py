"""Peerings between networks, interfaces in them, and groups and prefixes of addresses."""

import hashlib
from typing import Any

from sandbox.arm import ArmError, ResourceId
from sandbox.cloud.network import models, references
from sandbox.resource_type import Change, ResourceType, plain
from sandbox.rules import computed, defaults, refers, required, together
from sandbox.store import Resource, Store

NETWORKS = "Microsoft.Network/virtualNetworks"
PEERINGS = f"{NETWORKS}/virtualNetworkPeerings"
CARDS = "Microsoft.Network/networkInterfaces"
PREFIXES = "Microsoft.Network/publicIPPrefixes"
APPLICATIONS = "Microsoft.Network/applicationSecurityGroups"


def check_peering(change: Change) -> None:
    """Two networks with a common address cannot be joined."""
    near, far = change.store.get(change.id.parent), remote(change.properties)
    space = [network.properties["addressSpace"] for network in (near, change.store.get(far))]
    ours, theirs = (
        [models.parsed(prefix, change.id) for prefix in one["addressPrefixes"]] for one in space
    )
    if any(models.overlaps(one, other) for one in ours for other in theirs):
        raise ArmError(
            400,
            "VnetAddressSpacesOverlap",
            f"Cannot create or update peering {change.id}. Virtual networks {near.id} and {far} "
            "cannot be peered because their address spaces overlap.",
        )


def remote(properties: dict[str, Any]) -> ResourceId:
    return ResourceId.parse(references.reference(properties, "remoteVirtualNetwork"), NETWORKS)


def show_peering(peering: Resource, store: Store) -> dict[str, Any]:
    """Joined once both sides have said so."""
    back = store.below(remote(peering.properties), PEERINGS)
    joined = any(remote(one.properties) == peering.id.parent for one in back)
    shown = plain(peering, store)
    state = "Connected" if joined else "Initiated"
    shown["properties"] |= {"peeringState": state, "peeringSyncLevel": "FullyInSync"}
    return shown


def fill_card(change: Change) -> None:
    """Each configuration keeps its address, or gets a free one."""
    known = change.before.properties["ipConfigurations"] if change.before else []
    held = {item["name"]: item["properties"].get("privateIPAddress") for item in known}
    for at, item in enumerate(change.properties["ipConfigurations"]):
        inner = item.setdefault("properties", {})
        inner.setdefault("privateIPAllocationMethod", "Dynamic")
        subnet = ResourceId.parse(inner["subnet"]["id"], models.SUBNETS)
        if not inner.get("privateIPAddress"):
            inner["privateIPAddress"] = held.get(item["name"]) or models.free_address(
                change.store, subnet
            )
        inner.setdefault("primary", at == 0)
        inner["provisioningState"] = "Succeeded"
        item["id"] = f"{change.id}/ipConfigurations/{item['name']}"
    mark = hashlib.sha256(change.id.key.encode()).digest()
    change.properties["macAddress"] = "00-0D-3A-" + "-".join(f"{one:02X}" for one in mark[:3])
    change.properties["resourceGuid"] = models.stable_guid(change.id.key)
    change.properties.setdefault("dnsSettings", {"dnsServers": [], "appliedDnsServers": []})


def prefix(change: Change) -> dict[str, Any]:
    mark = hashlib.sha256(change.id.key.encode()).digest()
    length = change.properties.setdefault("prefixLength", 28)
    return {
        "ipPrefix": f"20.{mark[0]}.{mark[1]}.{mark[2] // 16 * 16}/{length}",
        "resourceGuid": models.stable_guid(change.id.key),
    }


def prefix_sku(change: Change) -> None:
    change.body.setdefault("sku", {"name": "Standard"}).setdefault("tier", "Regional")


TYPES = (
    ResourceType(
        PEERINGS,
        timed="network",
        check=together(
            required("properties.remoteVirtualNetwork.id"),
            refers("properties.remoteVirtualNetwork.id", kind=NETWORKS),
            check_peering,
        ),
        fill=defaults(
            allowVirtualNetworkAccess=True,
            allowForwardedTraffic=False,
            allowGatewayTransit=False,
            useRemoteGateways=False,
            peerCompleteVnets=True,
            doNotVerifyRemoteGateways=False,
        ),
        render=show_peering,
        busy=references.in_progress,
    ),
    ResourceType(
        CARDS,
        timed="network",
        check=together(
            required("properties.ipConfigurations"),
            refers("properties.ipConfigurations[].properties.subnet.id", kind=models.SUBNETS),
        ),
        fill=together(
            defaults(enableAcceleratedNetworking=False, enableIPForwarding=False), fill_card
        ),
        busy=references.in_progress,
    ),
    ResourceType(
        PREFIXES,
        timed="public_address",
        fill=together(
            defaults(publicIPAddressVersion="IPv4", ipTags=[]), prefix_sku, computed(prefix)
        ),
        removed=lambda one, store: references.check_unused(
            store, one.id, "Public IP prefix", "PublicIpPrefixCannotBeDeleted"
        ),
        busy=references.in_progress,
    ),
    ResourceType(
        APPLICATIONS,
        timed="network",
        fill=computed(lambda change: {"resourceGuid": models.stable_guid(change.id.key)}),
        busy=references.in_progress,
    ),
)
