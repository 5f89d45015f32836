"""Traffic controllers with their frontends, associations and security policies."""

from typing import Any

from starlette.routing import Route

from sandbox import resource_type
from sandbox.arm import ArmError, ResourceId
from sandbox.resource_type import Change, ResourceType, plain
from sandbox.rules import computed, refers, required, stable_label, together
from sandbox.store import Resource, Store

CONTROLLERS = "Microsoft.ServiceNetworking/trafficControllers"
POLICIES = "Microsoft.Network/applicationGatewayWebApplicationFirewallPolicies"
SUBNETS = "Microsoft.Network/virtualNetworks/subnets"
PARTS = ("associations", "frontends", "securityPolicies")


def configuration(change: Change) -> dict[str, Any]:
    label = stable_label(change.id, 32)
    return {"configurationEndpoints": [f"{label}.trafficcontroller.azure.com"]}


def show_controller(controller: Resource, store: Store) -> dict[str, Any]:
    shown = plain(controller, store)
    for word in PARTS:
        inside = store.below(controller.id, f"{CONTROLLERS}/{word}")
        shown["properties"][word] = [{"id": str(one.id)} for one in inside]
    return shown


def frontend(change: Change) -> dict[str, Any]:
    zone = stable_label(change.id.parent)
    return {"fqdn": f"{stable_label(change.id, 16)}.fz{zone}.alb.azure.com"}


def check_delegation(change: Change) -> None:
    """The subnet is the controller's alone, and there is one for each controller."""
    wanted = ResourceId.parse(change.properties["subnet"]["id"])
    subnet = change.store.get(wanted)
    services = [
        str(one["properties"].get("serviceName", "")).lower()
        for one in subnet.properties.get("delegations") or []
    ]
    if CONTROLLERS.lower() not in services:
        raise ArmError(
            400,
            "SubnetMustBeDelegated",
            f"The subnet '{subnet.id}' of association '{change.id.name}' is not delegated to "
            f"{CONTROLLERS}.",
        )
    others = change.store.below(change.id.parent, f"{CONTROLLERS}/associations")
    if any(one.id != change.id for one in others):
        raise ArmError(
            400,
            "AssociationLimitReached",
            f"The traffic controller '{change.id.parent.name}' has an association already.",
        )


TYPES = (
    ResourceType(
        CONTROLLERS,
        timed="traffic_controller",
        fill=computed(configuration),
        render=show_controller,
    ),
    ResourceType(f"{CONTROLLERS}/frontends", timed="traffic_controller", fill=computed(frontend)),
    ResourceType(
        f"{CONTROLLERS}/associations",
        timed="traffic_controller",
        check=together(
            required("properties.associationType", "properties.subnet.id"),
            refers("properties.subnet.id", kind=SUBNETS),
            check_delegation,
        ),
    ),
    ResourceType(
        f"{CONTROLLERS}/securityPolicies",
        timed="traffic_controller",
        check=refers("properties.wafPolicy.id", kind=POLICIES),
        fill=computed(lambda _change: {"policyType": "waf"}),
    ),
)


def routes(store: Store) -> list[Route]:
    return resource_type.routes(store, TYPES)
