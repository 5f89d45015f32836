"""The gateway that AKS runs in the cluster, where Terraform's provider cannot ask for it."""

from azure.mgmt.containerservice import ContainerServiceClient
from azure.mgmt.containerservice.models import (
    GatewayAPIIstioEnabled,
    ManagedCluster,
    ManagedClusterAppRoutingIstio,
    ManagedClusterIngressProfileGatewayConfiguration,
    ManagedClusterWebAppRoutingGatewayAPIImplementations,
    ManagedGatewayType,
)

from tasks import azure, wait
from tasks.errors import ConfigError
from tasks.step import step

CRDS = ManagedGatewayType.STANDARD  # Of Gateway API's standard channel; AKS keeps them up to date.
ISTIO = GatewayAPIIstioEnabled.ENABLED


@step("switch-gateways-on")
def switch_on(subscription: str, resource_group: str, cluster: str, poll: float) -> bool:
    """
    Give the cluster Gateway API and the class `approuting-istio`; True when it lacked them.

    AKS takes the whole cluster or nothing, so it gets back what it shows, with two fields more.
    """
    client = ContainerServiceClient(azure.credential(), subscription)
    with azure.translated(f"Gateway API of {cluster}"), client:
        found = client.managed_clusters.get(resource_group, cluster)
        if not complete(cluster, found):
            return False
        client.managed_clusters.begin_create_or_update(
            resource_group, cluster, found, polling_interval=poll
        ).result()
    wait.changed(f"**AKS**: {cluster} serves Gateway API")
    wait.logger().info("The cluster %s serves Gateway API now.", cluster)
    return True


@step("look-at-gateways")
def lacks(subscription: str, resource_group: str, cluster: str) -> bool:
    """Whether `switch_on` would have something to do; changes nothing."""
    client = ContainerServiceClient(azure.credential(), subscription)
    with azure.translated(f"Gateway API of {cluster}"), client:
        return complete(cluster, client.managed_clusters.get(resource_group, cluster))


def complete(name: str, cluster: ManagedCluster) -> bool:
    """Ask for what the cluster lacks of it; False when it has everything."""
    profile = cluster.properties.ingress_profile if cluster.properties else None
    routing = profile.web_app_routing if profile else None
    if profile is None or routing is None or not routing.enabled:
        raise ConfigError(
            f"{name} has no application routing, and edge.kind is appRouting.",
            "Run provision: Terraform switches it on.",
        )
    crds = profile.gateway_api.installation if profile.gateway_api else None
    providers = routing.gateway_api_implementations
    istio = providers.app_routing_istio if providers else None
    if crds == CRDS and istio and istio.mode == ISTIO:
        return False
    profile.gateway_api = ManagedClusterIngressProfileGatewayConfiguration(installation=CRDS)
    routing.gateway_api_implementations = ManagedClusterWebAppRoutingGatewayAPIImplementations(
        app_routing_istio=ManagedClusterAppRoutingIstio(mode=ISTIO)
    )
    return True
