"""Where callers stand, and what is reached from there: subnets, peerings, private names."""

import ipaddress
from collections.abc import Callable, Iterator
from typing import Any

from sandbox.arm import ResourceId
from sandbox.store import Resource, Store

POOLS = "Microsoft.ContainerService/managedClusters/agentPools"
PEERINGS = "Microsoft.Network/virtualNetworks/virtualNetworkPeerings"
ZONES = "Microsoft.Network/privateDnsZones"
LINKS = f"{ZONES}/virtualNetworkLinks"
ENDPOINTS = "Microsoft.Network/privateEndpoints"
CONNECTIONS = ("privateLinkServiceConnections", "manualPrivateLinkServiceConnections")
OF_A_CLUSTER, OF_THE_INTERNET = "198.51.100.4", "203.0.113.10"


class Networks:
    """Answers for callers by their network in the sandbox, which is that of a cluster."""

    def __init__(self, store: Store, cluster: Callable[[str], Resource | None]) -> None:
        """`cluster` finds the managed cluster whose network has a name."""
        self.store = store
        self._cluster = cluster

    def subnets(self, network: str) -> set[str]:
        """The subnets of virtual networks in which the nodes are, in lower case."""
        cluster = self._cluster(network) if network else None
        pools = self.store.below(cluster.id, POOLS) if cluster else ()
        named = {pool.properties.get("vnetSubnetID") or "" for pool in pools} - {""}
        return {ResourceId(subnet).key for subnet in named}

    def leads(self, network: str, there: str, zone: str) -> bool:
        """Does a network resolve the names of a zone, and lead to the virtual network there."""
        links = self.store.below(zone, LINKS)
        linked = {link.properties["virtualNetwork"]["id"].lower() for link in links}
        return any(
            here in linked and (here == there or there in self._peers(here))
            for here in {ResourceId(subnet).parent.key for subnet in self.subnets(network)}
        )

    def reaches(self, network: str, resource: Resource, host: str, zone: str) -> bool:
        """Does a private endpoint lead from a network to a service, under the name it is asked by.

        The name must be in a private zone that is linked to the caller's network.
        """
        places = self._endpoints(resource, host) if network else ()
        zones = [one for one in self.store.all(ZONES) if one.name.lower() == zone]
        return any(
            address in self._addresses(one, host.partition(".")[0])
            and self.leads(network, there, one.id.key)
            for there, address in places
            for one in zones
        )

    def admits(self, network: str, rules: dict[str, Any]) -> bool:
        """Does a firewall, as `networkAcls` have it, let a caller in who comes by public ways."""
        if rules.get("defaultAction", "Allow") == "Allow":
            return True
        address = ipaddress.ip_address(address_of(network))
        ranges = (str(rule["value"]) for rule in rules.get("ipRules") or [])
        named = {str(rule["id"]).lower() for rule in rules.get("virtualNetworkRules") or []}
        return bool(named & self.subnets(network)) or any(
            address in ipaddress.ip_network(one, strict=False) for one in ranges
        )

    def _peers(self, virtual_network: str) -> set[str]:
        peerings = self.store.below(virtual_network, PEERINGS)
        return {one.properties["remoteVirtualNetwork"]["id"].lower() for one in peerings}

    def _endpoints(self, resource: Resource, host: str) -> Iterator[tuple[str, str]]:
        """The virtual network and the address of each private endpoint of a service."""
        for endpoint in self.store.all(ENDPOINTS):
            found = endpoint.properties
            connections = (one for key in CONNECTIONS for one in found.get(key) or [])
            targets = {one["properties"]["privateLinkServiceId"].lower() for one in connections}
            if endpoint.state == "Creating" or resource.id.key not in targets:
                continue
            there = ResourceId(found["subnet"]["id"]).parent.key
            for named in found["customDnsConfigs"]:
                if named["fqdn"] == host:
                    yield from ((there, address) for address in named["ipAddresses"])

    def _addresses(self, zone: Resource, name: str) -> set[str]:
        record = self.store.find(zone.id.child("A", name))
        values = record.properties.get("aRecords") or [] if record else []
        return {value.get("ipv4Address", "") for value in values}


def address_of(network: str) -> str:
    """How a service on the internet sees a caller."""
    return OF_A_CLUSTER if network else OF_THE_INTERNET
