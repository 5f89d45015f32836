"""Resource providers: a subscription has to ask for each of Azure's services once."""

from collections.abc import Iterable, Mapping
from typing import Any

from tasks import azure, wait
from tasks.errors import NotReadyError, RefusedError
from tasks.preflight.complaints import Complaint
from tasks.preflight.wishes import CLUSTER, Planned
from tasks.step import step

VERSION = "2021-04-01"
NAMESPACES = {  # By the beginning of Terraform's type; the longest that fits.
    "azurerm_application_gateway": "Microsoft.Network",
    "azurerm_application_insights": "Microsoft.Insights",
    "azurerm_application_load_balancer": "Microsoft.ServiceNetworking",
    "azurerm_consumption": "Microsoft.Consumption",
    "azurerm_container_registry": "Microsoft.ContainerRegistry",
    "azurerm_dashboard_grafana": "Microsoft.Dashboard",
    "azurerm_data_protection": "Microsoft.DataProtection",
    "azurerm_federated_identity": "Microsoft.ManagedIdentity",
    "azurerm_key_vault": "Microsoft.KeyVault",
    "azurerm_kubernetes": "Microsoft.ContainerService",
    "azurerm_kubernetes_cluster_extension": "Microsoft.KubernetesConfiguration",
    "azurerm_kubernetes_flux": "Microsoft.KubernetesConfiguration",
    "azurerm_log_analytics": "Microsoft.OperationalInsights",
    "azurerm_monitor": "Microsoft.Insights",
    "azurerm_monitor_alert_prometheus": "Microsoft.AlertsManagement",
    "azurerm_monitor_workspace": "Microsoft.Monitor",
    "azurerm_nat_gateway": "Microsoft.Network",
    "azurerm_network": "Microsoft.Network",
    "azurerm_postgresql_flexible": "Microsoft.DBforPostgreSQL",
    "azurerm_private_dns": "Microsoft.Network",
    "azurerm_private_endpoint": "Microsoft.Network",
    "azurerm_public_ip": "Microsoft.Network",
    "azurerm_resource_policy": "Microsoft.PolicyInsights",
    "azurerm_route": "Microsoft.Network",
    "azurerm_storage": "Microsoft.Storage",
    "azurerm_subnet": "Microsoft.Network",
    "azurerm_user_assigned_identity": "Microsoft.ManagedIdentity",
    "azurerm_virtual_network": "Microsoft.Network",
    "azurerm_web_application_firewall": "Microsoft.Network",
}
NODES = "Microsoft.Compute"  # The machines of a cluster's nodes.
ADDONS = {  # Of a cluster, by the attribute that asks for them.
    "azure_policy_enabled": "Microsoft.PolicyInsights",
    "microsoft_defender": "Microsoft.Security",
}
INSIGHTS = "Microsoft.OperationsManagement"  # Container Insights; from memory, and harmless.


def needed(planned: Iterable[Planned]) -> tuple[str, ...]:
    """The namespaces of what is planned, in the order of the alphabet."""
    known = tuple(planned)
    found = {namespace(one.type) for one in known} | {
        addon
        for one in known
        for attribute, addon in ADDONS.items()
        if one.type == CLUSTER and one.values.get(attribute)
    }
    if any("ContainerInsights" in str(one.values.get("data_sources")) for one in known):
        found.add(INSIGHTS)
    if "Microsoft.ContainerService" in found:
        found.add(NODES)
    return tuple(sorted(found - {""}))


def namespace(kind: str) -> str:
    """Of one type of Terraform; empty for what belongs to no service of its own, such as roles."""
    fitting = [prefix for prefix in NAMESPACES if kind.startswith(prefix)]
    return NAMESPACES[max(fitting, key=len)] if fitting else ""


@step("find-unregistered-providers")
def unregistered(subscription: str, namespaces: tuple[str, ...]) -> tuple[str, ...]:
    """Which of these the subscription has yet to ask for."""
    states = states_in(subscription)
    return tuple(name for name in namespaces if states.get(name.lower()) != "registered")


@step("register-providers")
def register(subscription: str, namespaces: tuple[str, ...]) -> tuple[Complaint, ...]:
    """
    Register what is not; return when all of it is, or with the command for who may.

    Registering is free and changes nothing that runs. It takes Azure a minute or two.
    """
    place = f"/subscriptions/{subscription}/providers"
    states = states_in(subscription)
    lacking = [name for name in namespaces if states.get(name.lower()) != "registered"]
    refused = []
    for name in lacking:
        if states.get(name.lower()) == "registering":
            continue
        try:
            with azure.translated(f"Registration of {name}"):
                azure.arm(f"{place}/{name}/register", VERSION, {})
        except (RefusedError, NotReadyError) as error:
            wait.logger().warning("%s", error)
            refused.append(name)
        else:
            wait.logger().info("%s is being registered with the subscription.", name)
    if refused:
        return (complaint(subscription, refused),)
    if lacking:
        raise NotReadyError(f"Azure is registering {', '.join(lacking)} with the subscription.")
    return ()


def states_in(subscription: str) -> dict[str, str]:
    place = f"/subscriptions/{subscription}/providers"
    with azure.translated("Resource providers"):
        return states_of(azure.arm(place, VERSION, select="namespace,registrationState"))


def states_of(listed: Mapping[str, Any] | None) -> dict[str, str]:
    """Namespace to state, both in small letters."""
    return {
        str(entry["namespace"]).lower(): str(entry.get("registrationState", "")).lower()
        for entry in (listed or {}).get("value", [])
    }


def complaint(subscription: str, names: list[str]) -> Complaint:
    commands = " && ".join(
        f"az provider register --subscription {subscription} --namespace {name} --wait"
        for name in names
    )
    return Complaint(
        f"Subscription {subscription} is not registered for {', '.join(names)}, and these "
        "credentials may not register it (it takes */register/action, as Contributors have).",
        f"Ask an owner to run: {commands}",
    )
