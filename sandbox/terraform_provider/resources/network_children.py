"""Microsoft.Network: what lives inside a network, and links that are written into their parent."""

from typing import ClassVar

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider import catalog
from sandbox.terraform_provider.errors import ProviderError
from sandbox.terraform_provider.lifecycle import Change, Lifecycle, Plan, about, refuse_id
from sandbox.terraform_provider.mapping import (
    STATE_ONLY,
    Block,
    Resource,
    describe,
    reads,
    writes,
)
from sandbox.terraform_provider.resources.network import (
    API,
    NETWORK,
    NETWORKS,
    SECURITY_RULE,
    SUBNET,
)
from sandbox.terraform_provider.tree import conform
from sandbox.terraform_provider.values import Object, is_zero

SUBNETS = f"{NETWORKS}/subnets/{{name}}"


class Subnet(Lifecycle):
    """One prefix or several: Azure has a name for each."""

    def correct(self, plan: Plan) -> None:
        plan.refuse_if(
            bool(plan.new("sharing_scope") and plan.new("default_outbound_access_enabled")),
            "`sharing_scope` cannot be set if `default_outbound_access_enabled` is set to `true`",
        )

    def prepare(self, body: Object, _change: Change) -> None:
        properties = body["properties"]
        prefixes = properties.get("addressPrefixes")
        if prefixes is not None and len(prefixes) == 1:
            properties["addressPrefix"] = prefixes[0]
            del properties["addressPrefixes"]
        elif prefixes:
            properties.pop("addressPrefix", None)

    def arrange(self, body: Object, _prior: Object | None) -> None:
        properties = body["properties"]
        single = properties.get("addressPrefix")
        if single and not properties.get("addressPrefixes"):
            properties["addressPrefixes"] = [single]
        properties.setdefault("defaultOutboundAccess", True)


class Link(Lifecycle):
    """
    A reference in the body of a parent, such as the route table of a subnet.

    The parent is read and written back as a whole, so all changes to it wait for each other.
    """

    parent: ClassVar[str] = "subnet_id"
    target: ClassVar[str]
    path: ClassVar[str]
    name: ClassVar[str]

    def read(self, resource_id: str, prior: Object) -> Object | None:
        found = self.azure.find(self.parent_of(resource_id), API)
        return self.described(resource_id, found, prior) if found else None

    def described(self, resource_id: str, body: Object, prior: Object) -> Object | None:
        linked = bodies.get(body, self.path)
        if linked is None:
            return None
        state = {**prior, "id": resource_id, self.parent: self.parent_of(resource_id)}
        if str(prior.get(self.target)).lower() != linked.lower():
            state[self.target] = linked
        return conform(self.kind.nodes, state)

    def create(self, change: Change) -> Object:
        parent = change.planned[self.parent]
        resource_id = self.identify(change.planned)
        with self.lock(parent), about("creating", parent):
            found = self.parent_body(parent)
            if self.is_linked(found, change.planned):
                self.refuse(resource_id)
            self.link(found, change.planned)
            self.send("PUT", parent, found, self.deadline("create", change))
        return conform(self.kind.nodes, {**change.planned, "id": resource_id})

    def delete(self, prior: Object) -> None:
        parent = prior[self.parent]
        with self.lock(parent), about("deleting", parent):
            found = self.azure.find(parent, API)
            if found is None or not self.is_linked(found, prior):
                return
            self.unlink(found, prior)
            self.send("PUT", parent, found, self.deadline_of("delete", prior))

    def identify(self, planned: Object) -> str:
        return str(planned[self.parent])

    def imported(self, resource_id: str) -> Object:
        parent = self.parent_of(resource_id)
        rules = catalog.value_rules()
        wanted = rules.of(self.kind.name).get(self.parent)
        if isinstance(wanted, dict):
            refuse_id(rules.forms[wanted["id"]], parent)
        return conform(self.kind.nodes, {"id": resource_id, self.parent: parent})

    def parent_of(self, resource_id: str) -> str:
        return resource_id

    def parent_body(self, parent: str) -> Object:
        found = self.azure.find(parent, API)
        if found is None:
            raise ProviderError(f"{describe(parent)} was not found")
        return dict(found)

    def is_linked(self, body: Object, _planned: Object) -> bool:
        return bodies.get(body, self.path) is not None

    def link(self, body: Object, planned: Object) -> None:
        bodies.put(body, self.path, planned[self.target])

    def unlink(self, body: Object, _prior: Object) -> None:
        bodies.put(body, self.path.removesuffix(".id"), None)


class SubnetSecurityGroup(Link):
    target = "network_security_group_id"
    path = "properties.networkSecurityGroup.id"


class SubnetRouteTable(Link):
    target = "route_table_id"
    path = "properties.routeTable.id"


class SubnetNatGateway(Link):
    target = "nat_gateway_id"
    path = "properties.natGateway.id"


class NatGatewayAddress(Link):
    """One of several addresses of a NAT gateway; the id names both ends."""

    parent = "nat_gateway_id"
    target = "public_ip_address_id"
    path = "properties.publicIpAddresses"

    def identify(self, planned: Object) -> str:
        return f"{planned[self.parent]}|{planned[self.target]}"

    def parent_of(self, resource_id: str) -> str:
        return resource_id.split("|", maxsplit=1)[0]

    def imported(self, resource_id: str) -> Object:
        parent, _, target = resource_id.partition("|")
        ends = {"id": resource_id, self.parent: parent, self.target: target}
        return conform(self.kind.nodes, ends)

    def described(self, _resource_id: str, body: Object, prior: Object) -> Object | None:
        return conform(self.kind.nodes, prior) if self.is_linked(body, prior) else None

    def is_linked(self, body: Object, planned: Object) -> bool:
        linked = [item["id"].lower() for item in bodies.get(body, self.path) or []]
        return planned[self.target].lower() in linked

    def link(self, body: Object, planned: Object) -> None:
        linked = bodies.get(body, self.path) or []
        bodies.put(body, self.path, [*linked, {"id": planned[self.target]}])

    def unlink(self, body: Object, prior: Object) -> None:
        gone = prior[self.target].lower()
        linked = bodies.get(body, self.path) or []
        bodies.put(body, self.path, [item for item in linked if item["id"].lower() != gone])


class NatGatewayPrefix(NatGatewayAddress):
    target = "public_ip_prefix_id"
    path = "properties.publicIpPrefixes"


class DnsServers(Link):
    """The DNS servers of a network, kept apart from it."""

    parent = "virtual_network_id"
    target = "dns_servers"
    path = "properties.dhcpOptions.dnsServers"

    def identify(self, planned: Object) -> str:
        return f"{planned[self.parent]}/dnsServers/default"

    def parent_of(self, resource_id: str) -> str:
        return resource_id.removesuffix("/dnsServers/default")

    def is_linked(self, body: Object, _planned: Object) -> bool:
        return not is_zero(bodies.get(body, self.path))

    def described(self, resource_id: str, body: Object, prior: Object) -> Object | None:
        servers = bodies.get(body, self.path) or []
        state = {**prior, "id": resource_id, self.parent: self.parent_of(resource_id)}
        return conform(self.kind.nodes, {**state, self.target: servers})

    def update(self, change: Change) -> Object:
        parent = change.planned[self.parent]
        with self.lock(parent), about("updating", parent):
            found = self.parent_body(parent)
            self.link(found, change.planned)
            self.send("PUT", parent, found, self.deadline("update", change))
        return conform(self.kind.nodes, change.planned)

    def unlink(self, body: Object, _prior: Object) -> None:
        bodies.put(body, self.path, [])


def linked(parent: str) -> Resource:
    """A link has the id of its parent."""
    return Resource(id=f"{{{parent}}}", api=API, one_at_a_time=parent == "subnet_id")


RESOURCES = {
    "azurerm_subnet": Resource(
        id=SUBNETS,
        api=API,
        one_at_a_time=True,
        fields={
            **SUBNET,
            "network_security_group_id": reads("properties.networkSecurityGroup.id"),
            "network_security_group_id_wo": writes("properties.networkSecurityGroup.id"),
            "network_security_group_id_wo_version": STATE_ONLY,
            "route_table_id": reads("properties.routeTable.id"),
            "route_table_id_wo": writes("properties.routeTable.id"),
            "route_table_id_wo_version": STATE_ONLY,
            "ip_address_pool": Block(
                "properties.ipamPoolPrefixAllocations.0",
                {
                    "id": "pool.id",
                    "number_of_ip_addresses": "numberOfIpAddresses",
                    "allocated_ip_address_prefixes": reads("allocatedAddressPrefixes"),
                },
            ),
        },
    ),
    "azurerm_network_security_rule": Resource(
        id=f"{NETWORK}/networkSecurityGroups/{{network_security_group_name}}/securityRules/{{name}}",
        api=API,
        fields=SECURITY_RULE,
        one_at_a_time=True,
    ),
    "azurerm_route": Resource(
        id=f"{NETWORK}/routeTables/{{route_table_name}}/routes/{{name}}",
        api=API,
        fields={"next_hop_in_ip_address": "properties.nextHopIpAddress"},
        one_at_a_time=True,
    ),
    "azurerm_virtual_network_peering": Resource(
        id=f"{NETWORKS}/virtualNetworkPeerings/{{name}}",
        api=API,
        fields={
            "remote_virtual_network_id": "properties.remoteVirtualNetwork.id",
            "peer_complete_virtual_networks_enabled": "properties.peerCompleteVnets",
            "only_ipv6_peering_enabled": "properties.enableOnlyIPv6Peering",
            "local_subnet_names": "properties.localSubnetNames",
            "remote_subnet_names": "properties.remoteSubnetNames",
            "triggers": STATE_ONLY,
        },
        one_at_a_time=True,
    ),
    "azurerm_subnet_network_security_group_association": linked("subnet_id"),
    "azurerm_subnet_route_table_association": linked("subnet_id"),
    "azurerm_subnet_nat_gateway_association": linked("subnet_id"),
    "azurerm_nat_gateway_public_ip_association": linked("nat_gateway_id"),
    "azurerm_nat_gateway_public_ip_prefix_association": linked("nat_gateway_id"),
    "azurerm_virtual_network_dns_servers": linked("virtual_network_id"),
}
LIFECYCLES = {
    "azurerm_subnet": Subnet,
    "azurerm_subnet_network_security_group_association": SubnetSecurityGroup,
    "azurerm_subnet_route_table_association": SubnetRouteTable,
    "azurerm_subnet_nat_gateway_association": SubnetNatGateway,
    "azurerm_nat_gateway_public_ip_association": NatGatewayAddress,
    "azurerm_nat_gateway_public_ip_prefix_association": NatGatewayPrefix,
    "azurerm_virtual_network_dns_servers": DnsServers,
}
