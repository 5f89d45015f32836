"""The resource types of Microsoft.Network, as data."""

from collections.abc import Callable
from typing import Any

from starlette.routing import Route

from sandbox import resource_type
from sandbox.cloud.network import (
    gateways,
    links,
    models,
    private_dns,
    private_endpoints,
    public_dns,
    references,
)
from sandbox.cloud.network.children import Embedded
from sandbox.resource_type import Change, Render, ResourceType, plain
from sandbox.store import Resource, Store

NETWORKS = "Microsoft.Network/virtualNetworks"
GROUPS = "Microsoft.Network/networkSecurityGroups"
TABLES = "Microsoft.Network/routeTables"
ADDRESSES = "Microsoft.Network/publicIPAddresses"
GATEWAYS = "Microsoft.Network/natGateways"


def unused_subnet(change: Change) -> None:
    models.check_subnet_unused(change.store.get(change.id), change.store)


SUBNETS = Embedded("subnets", models.check_subnet, models.fill_subnet, unused_subnet)
RULES = Embedded("securityRules", models.check_rule, models.fill_rule)
ROUTES = Embedded("routes", models.check_route, models.fill_route)


def with_children(*parts: Embedded) -> Render:
    def show(resource: Resource, store: Store) -> dict[str, Any]:
        body = plain(resource, store)
        for part in parts:
            body["properties"][part.word] = part.show(resource, store)
        used = references.users(store, resource.id)
        subnets = [{"id": str(one.id)} for one in used if one.kind == models.SUBNETS]
        if subnets:
            body["properties"]["subnets"] = subnets
        return body

    return show


def show_network(resource: Resource, store: Store) -> dict[str, Any]:
    body = plain(resource, store)
    body["properties"]["subnets"] = SUBNETS.show(resource, store)
    peerings = store.below(resource.id, links.PEERINGS)
    body["properties"]["virtualNetworkPeerings"] = [
        links.show_peering(one, store) for one in peerings
    ]
    return body


def show_group(resource: Resource, store: Store) -> dict[str, Any]:
    body = with_children(RULES)(resource, store)
    body["properties"]["defaultSecurityRules"] = models.default_rules(resource.id)
    return body


def check_network(change: Change) -> None:
    models.check_network(change)
    SUBNETS.check_list(change)


def unused(what: str, code: str) -> Callable[[Resource, Store], None]:
    def check(resource: Resource, store: Store) -> None:
        references.check_unused(store, resource.id, what, code)

    return check


TYPES = (
    ResourceType(
        NETWORKS,
        timed="network",
        check=check_network,
        fill=models.fill_network,
        stored=SUBNETS.store,
        render=show_network,
        removed=models.check_network_unused,
        busy=references.in_progress,
    ),
    ResourceType(
        models.SUBNETS,
        timed="network",
        check=models.check_subnet,
        fill=models.fill_subnet,
        removed=models.check_subnet_unused,
        busy=references.in_progress,
    ),
    ResourceType(
        GROUPS,
        timed="network",
        fill=models.fill_group,
        stored=RULES.store,
        render=show_group,
        removed=unused("Network security group", "InUseNetworkSecurityGroupCannotBeDeleted"),
        busy=references.in_progress,
    ),
    ResourceType(models.RULES, timed="network", check=models.check_rule, fill=models.fill_rule),
    ResourceType(
        TABLES,
        timed="network",
        fill=models.fill_route_table,
        stored=ROUTES.store,
        render=with_children(ROUTES),
        removed=unused("Route table", "InUseRouteTableCannotBeDeleted"),
        busy=references.in_progress,
    ),
    ResourceType(
        f"{TABLES}/routes", timed="network", check=models.check_route, fill=models.fill_route
    ),
    ResourceType(
        ADDRESSES,
        timed="public_address",
        fill=models.fill_public_address,
        removed=unused("Public IP address", "PublicIPAddressCannotBeDeleted"),
        busy=references.in_progress,
    ),
    ResourceType(
        GATEWAYS,
        timed="nat_gateway",
        check=models.check_nat_gateway,
        fill=models.fill_nat_gateway,
        render=with_children(),
        removed=unused("NAT gateway", "InUseNatGatewayCannotBeDeleted"),
        busy=references.in_progress,
    ),
    ResourceType(
        private_dns.ZONES,
        timed="private_dns_zone",
        fill=private_dns.fill_zone,
        stored=private_dns.create_soa,
        render=private_dns.show_zone,
        removed=private_dns.check_unlinked,
        busy=references.in_progress,
    ),
    ResourceType(
        private_dns.LINKS,
        timed="private_dns_zone",
        check=private_dns.check_link,
        fill=private_dns.fill_link,
        busy=references.in_progress,
    ),
    *(
        ResourceType(
            f"{private_dns.ZONES}/{record}",
            fill=private_dns.fill_record,
            render=private_dns.show_record,
        )
        for record in private_dns.RECORDS
    ),
    ResourceType(
        private_endpoints.ENDPOINTS,
        timed="private_endpoint",
        check=private_endpoints.check,
        fill=private_endpoints.fill,
        busy=references.in_progress,
    ),
    ResourceType(
        f"{private_endpoints.ENDPOINTS}/privateDnsZoneGroups",
        timed="private_endpoint",
        check=private_endpoints.check_group,
        fill=private_endpoints.fill_group,
        stored=private_endpoints.write_records,
    ),
    *gateways.TYPES,
    *links.TYPES,
    *public_dns.TYPES,
)


def routes(store: Store) -> list[Route]:
    """Every address of Microsoft.Network."""
    groups = f"{private_endpoints.ENDPOINTS}/privateDnsZoneGroups"
    store.listen(
        "deleted",
        private_endpoints.ENDPOINTS,
        lambda one: private_endpoints.remove_card(one, store),
    )
    store.listen("deleted", groups, lambda one: private_endpoints.remove_records(one, store))
    return resource_type.routes(store, TYPES)
