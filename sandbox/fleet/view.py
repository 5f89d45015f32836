"""What of a managed cluster's resources its Kubernetes has to know."""

from sandbox.cluster import Pool
from sandbox.store import Resource


def has_gateways(cluster: Resource) -> bool:
    """Application routing with Gateway API: AKS runs Istio's gateways, and brings the kinds."""
    profile = cluster.properties.get("ingressProfile") or {}
    routing = profile.get("webAppRouting") or {}
    istio = (routing.get("gatewayAPIImplementations") or {}).get("appRoutingIstio") or {}
    kinds = (profile.get("gatewayAPI") or {}).get("installation") == "Standard"
    on = routing.get("enabled") and istio.get("mode") == "Enabled"
    return bool(kinds and on and cluster.state == "Succeeded")


def pool_of(pool: Resource, cluster: Resource) -> Pool:
    """A node pool as its cluster has to know it."""
    found = pool.properties
    grows = bool(found.get("enableAutoScaling"))
    return Pool(
        name=pool.name,
        size=str(found.get("vmSize") or Pool.size),
        count=int(found.get("count") or 0),
        least=int(found.get("minCount") or 0) if grows else 0,
        most=int(found.get("maxCount") or 0) if grows else 0,
        mode=str(found.get("mode") or "User"),
        pods=int(found.get("maxPods") or Pool.pods),
        zones=tuple(
            f"{cluster.body.get('location')}-{zone}"
            for zone in found.get("availabilityZones") or ()
        ),
        labels=tuple((found.get("nodeLabels") or {}).items()),
        taints=tuple(found.get("nodeTaints") or ()),
    )
