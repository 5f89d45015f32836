"""What stands at the edge of a network: application gateways with their firewall, and bastions."""

from collections.abc import Iterator
from typing import Any

from sandbox.arm import ArmError, ResourceId
from sandbox.cloud.network import models, references
from sandbox.resource_type import Change, ResourceType
from sandbox.rules import defaults, identified, one_of, refers, required, together

GATEWAYS = "Microsoft.Network/applicationGateways"
POLICIES = "Microsoft.Network/applicationGatewayWebApplicationFirewallPolicies"
BASTIONS = "Microsoft.Network/bastionHosts"
ADDRESSES = "Microsoft.Network/publicIPAddresses"
BASTION_SUBNET = "AzureBastionSubnet"
TIERS = ("Basic", "Standard_v2", "WAF_v2")


def parts(holder: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The named items of every list: listeners, pools, rules and all else that is referred to."""
    for word, value in holder.items():
        for item in value if isinstance(value, list) else []:
            if isinstance(item, dict) and item.get("name"):
                yield word, item


def check_gateway(change: Change) -> None:
    """What a gateway says of its own parts must be there, and so must what it takes from others."""
    tier = str((change.properties.get("sku") or {}).get("tier"))
    if tier not in TIERS:
        raise ArmError(
            400,
            "ApplicationGatewayInvalidSku",
            f"The tier '{tier}' of application gateway {change.id.name} is none of "
            f"{', '.join(TIERS)}.",
        )
    own = {f"{change.id}/{word}/{item['name']}".lower() for word, item in parts(change.properties)}
    inside = f"{change.id.key}/"
    for text in references.texts(change.properties):
        if text.lower().startswith(inside) and text.lower() not in own | deeper(change):
            raise ArmError(
                400,
                "InvalidResourceReference",
                f"Resource {text} referenced by resource {change.id} was not found. Please make "
                "sure that the referenced resource exists, and that both resources are in the "
                "same region.",
            )


def deeper(change: Change) -> set[str]:
    """The ids of parts of parts, such as the rules of a path map."""
    return {
        f"{change.id}/{word}/{item['name']}/{inner}/{part['name']}".lower()
        for word, item in parts(change.properties)
        for inner, part in parts(item.get("properties") or {})
    }


def fill_gateway(change: Change) -> None:
    """Each part gets an id, by which others refer to it."""
    name(change.id, change.properties)
    change.properties["operationalState"] = "Running"
    change.properties["resourceGuid"] = models.stable_guid(change.id.key)


def name(holder: ResourceId, properties: dict[str, Any]) -> None:
    for word, item in parts(properties):
        item["id"] = f"{holder}/{word}/{item['name']}"
        inner = item.setdefault("properties", {})
        inner["provisioningState"] = "Succeeded"
        inner.pop("password", None)  # Of a certificate: Azure never tells it again.
        inner.pop("data", None)
        name(ResourceId(item["id"]), inner)


def fill_policy(change: Change) -> None:
    settings = change.properties.setdefault("policySettings", {})
    standard = {
        "state": "Enabled",
        "mode": "Prevention",
        "requestBodyCheck": True,
        "requestBodyEnforcement": True,
        "maxRequestBodySizeInKb": 128,
        "fileUploadLimitInMb": 100,
        "requestBodyInspectLimitInKB": 128,
        "jsChallengeCookieExpirationInMins": 30,
    }
    for key, value in standard.items():
        settings.setdefault(key, value)
    change.properties["resourceState"] = "Enabled"
    managed = change.properties["managedRules"]
    managed.setdefault("exclusions", [])
    for group in managed["managedRuleSets"]:
        group.setdefault("ruleGroupOverrides", [])


def check_bastion(change: Change) -> None:
    for configuration in change.properties["ipConfigurations"]:
        subnet = ResourceId.parse(configuration["properties"]["subnet"]["id"])
        if subnet.name != BASTION_SUBNET:
            raise ArmError(
                400,
                "BastionHostSubnetNameInvalid",
                f"The subnet of bastion host {change.id.name} is named {BASTION_SUBNET}, "
                f"not {subnet.name}.",
            )


def fill_bastion(change: Change) -> None:
    change.body.setdefault("sku", {"name": "Basic"})
    for item in change.properties["ipConfigurations"]:
        item["id"] = f"{change.id}/bastionHostIpConfigurations/{item['name']}"
        item["properties"].setdefault("privateIPAllocationMethod", "Dynamic")
        item["properties"]["provisioningState"] = "Succeeded"
    change.properties["dnsName"] = f"bst-{models.stable_guid(change.id.key)}.bastion.azure.com"


ADDRESS_OF_EACH = "properties.ipConfigurations[].properties.publicIPAddress.id"
SUBNET_OF_EACH = "properties.ipConfigurations[].properties.subnet.id"
TYPES = (
    ResourceType(
        GATEWAYS,
        timed="application_gateway",
        check=together(
            required(
                "properties.backendAddressPools",
                "properties.frontendIPConfigurations",
                "properties.frontendPorts",
                "properties.gatewayIPConfigurations",
                "properties.httpListeners",
                "properties.requestRoutingRules",
            ),
            check_gateway,
            refers(
                "properties.gatewayIPConfigurations[].properties.subnet.id", kind=models.SUBNETS
            ),
            refers(
                "properties.frontendIPConfigurations[].properties.publicIPAddress.id",
                kind=ADDRESSES,
            ),
            refers("properties.firewallPolicy.id", kind=POLICIES),
        ),
        fill=together(fill_gateway, identified),
        busy=references.in_progress,
    ),
    ResourceType(
        POLICIES,
        check=together(
            required("properties.managedRules.managedRuleSets"),
            one_of("properties.policySettings.mode", "Detection", "Prevention"),
        ),
        fill=together(defaults(customRules=[]), fill_policy),
        removed=lambda one, store: references.check_unused(
            store,
            one.id,
            "Web application firewall policy",
            "ApplicationGatewayFirewallPolicyCannotBeDeleted",
        ),
    ),
    ResourceType(
        BASTIONS,
        timed="application_gateway",
        check=together(
            refers(SUBNET_OF_EACH, kind=models.SUBNETS),
            refers(ADDRESS_OF_EACH, kind=ADDRESSES),
            check_bastion,
        ),
        fill=together(
            defaults(scaleUnits=2, disableCopyPaste=False, enableTunneling=False), fill_bastion
        ),
        busy=references.in_progress,
    ),
)
