"""Managed clusters: what Azure refuses, and what it fills in."""

import re
import uuid
from collections.abc import Callable
from typing import Any

from sandbox.arm import ResourceId
from sandbox.cloud.container_service import pools, refusals
from sandbox.resource_type import Change
from sandbox.store import Resource, Store

CLUSTERS = "Microsoft.ContainerService/managedClusters"
IDENTITIES = "Microsoft.ManagedIdentity/userAssignedIdentities"
NAME = re.compile(r"^[a-zA-Z0-9]$|^[a-zA-Z0-9][-_a-zA-Z0-9]{0,61}[a-zA-Z0-9]$")
VERSIONS = {
    "1.34": ("1.34.1", "1.34.0"),
    "1.33": ("1.33.6", "1.33.5"),
    "1.32": ("1.32.10", "1.32.9"),
}
DEFAULT_VERSION = "1.34"
ASSIGN = f"{IDENTITIES}/assign/action"
WRITE_ZONE = "Microsoft.Network/privateDnsZones/A/write"

# May the principal do this to that resource: asked of the authorization service.
Allows = Callable[[str, str, ResourceId], bool]


def stable_guid(*parts: str) -> str:
    """The same GUID for the same cluster, in every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "|".join(parts)))


def oidc_issuer(cluster: ResourceId, location: str, tenant: str) -> str:
    """Where the world learns the keys that sign the cluster's service account tokens."""
    guid = stable_guid("issuer", cluster.key)
    return f"https://{location}.oic.prod-aks.azure.com/{tenant}/{guid}/"


def check(change: Change) -> None:
    properties = change.properties
    if not NAME.match(change.id.name):
        raise refusals.invalid(
            "resourceName", "Use up to 63 letters, numbers, dashes and underscores."
        )
    if change.before:
        for pool in change.store.below(change.id, pools.POOLS):
            if pool.busy:
                raise refusals.cluster_waits_for(pool)
    profiles = properties.get("agentPoolProfiles") or []
    system = [pool for pool in profiles if pool.get("mode") == "System"]
    if change.before is None and not system:
        raise refusals.invalid("agentPoolProfiles", "A cluster needs at least one system pool.")
    for pool in profiles:
        pools.check(str(pool.get("name", "")), pool, change.store)
    version = properties.get("kubernetesVersion") or DEFAULT_VERSION
    if resolved(version) is None:
        raise refusals.refusal(
            400,
            "K8sVersionNotSupported",
            f"Managed cluster {change.id.name} is on version {version} which is not supported in "
            "this region. Please use [az aks get-versions] command to get the supported version "
            "list in this region. For more information, please check "
            "https://aka.ms/supported-version-list",
        )
    zone = access(properties).get("privateDNSZone") or "system"
    if zone.lower() not in ("system", "none") and change.store.find(zone) is None:
        raise refusals.invalid(
            "apiServerAccessProfile.privateDNSZone", f"The private DNS zone {zone} does not exist."
        )
    check_identity(change)


def check_identity(change: Change) -> None:
    identity = change.body.get("identity") or {}
    if identity.get("type") not in ("SystemAssigned", "UserAssigned"):
        raise refusals.invalid(
            "identity.type", "The sandbox knows SystemAssigned and UserAssigned identities."
        )
    wanted = list(identity.get("userAssignedIdentities") or {})
    kubelet = kubelet_identity(change.properties)
    own = change.before and kubelet == kubelet_identity(change.before.properties)
    if kubelet and not own and identity["type"] != "UserAssigned":
        raise refusals.refusal(
            400,
            "CustomKubeletIdentityOnlySupportedOnUserAssignedMSICluster",
            "Custom kubelet identity is only supported on user assigned MSI cluster.",
        )
    for resource in [*wanted, *([kubelet] if kubelet else [])]:
        if change.store.find(resource) is None:
            raise refusals.refusal(
                400,
                "ResourceNotFound",
                f"The Resource '{resource}' was not found: create the identity first.",
            )


def check_permissions(change: Change, allows: Allows) -> None:
    """The cluster's own identity must already hold its roles on the kubelet's and on the zone."""
    check_zone(change, allows)
    kubelet = kubelet_identity(change.properties)
    if not kubelet or change.before:
        return
    for resource in change.body["identity"]["userAssignedIdentities"]:
        principal = change.store.get(resource).properties["principalId"]
        if not allows(principal, ASSIGN, ResourceId.parse(kubelet, IDENTITIES)):
            raise refusals.refusal(
                400,
                "CustomKubeletIdentityMissingPermissionError",
                "The cluster using user-assigned managed identity must be granted 'Managed "
                "Identity Operator' role to assign kubelet identity. You can run 'az role "
                f"assignment create --assignee {principal} --role 'Managed Identity Operator' "
                f"--scope {kubelet}' to grant the permission. See https://learn.microsoft.com/"
                "en-us/azure/aks/use-managed-identity#add-role-assignment",
            )


def check_zone(change: Change, allows: Allows) -> None:
    """The cluster writes its API server's name into a zone of one's own."""
    zone = access(change.properties).get("privateDNSZone") or "system"
    if zone.lower() in ("system", "none") or change.before:
        return
    for resource in (change.body.get("identity") or {}).get("userAssignedIdentities") or {}:
        principal = change.store.get(resource).properties["principalId"]
        if not allows(principal, WRITE_ZONE, ResourceId.parse(zone)):
            raise refusals.refusal(
                400,
                "CustomPrivateDNSZoneMissingPermissionError",
                f"The identity {principal} of the cluster may not write the private DNS zone "
                f"{zone}. Grant it 'Private DNS Zone Contributor' there.",
            )


def kubelet_identity(properties: dict[str, Any]) -> str:
    found = (properties.get("identityProfile") or {}).get("kubeletidentity") or {}
    return str(found.get("resourceId") or "")


def access(properties: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = properties.get("apiServerAccessProfile") or {}
    return found


def resolved(version: str) -> str | None:
    """The newest patch of `1.34`; `1.34.1` as it is; None if Azure does not offer it."""
    if version in VERSIONS:
        return VERSIONS[version][0]
    return next((version for patches in VERSIONS.values() if version in patches), None)


def fill(change: Change) -> None:
    properties, before = change.properties, change.before
    version = properties.get("kubernetesVersion") or DEFAULT_VERSION
    properties["kubernetesVersion"] = version
    properties["currentKubernetesVersion"] = resolved(version)
    properties["powerState"] = before.properties["powerState"] if before else {"code": "Running"}
    group = properties.get("nodeResourceGroup")
    properties["nodeResourceGroup"] = (
        group or f"MC_{change.id.group}_{change.id.name}_{change.location}"
    )
    change.body.setdefault("sku", {"name": "Base", "tier": "Free"})
    fill_addresses(change)
    fill_identities(change)
    fill_network(properties.setdefault("networkProfile", {}))
    keep_gateways(change)
    defaults: dict[str, Any] = {
        "bootstrapProfile": {"artifactSource": "Direct"},
        "disableLocalAccounts": False,
        "enableRBAC": True,
        "maxAgentPools": 100,
        "nodeProvisioningProfile": {"mode": "Manual", "defaultNodePools": "Auto"},
        "securityProfile": {},
        "storageProfile": {
            "diskCSIDriver": {"enabled": True},
            "fileCSIDriver": {"enabled": True},
            "snapshotController": {"enabled": True},
        },
        "supportPlan": "KubernetesOfficial",
        "windowsProfile": {"adminUsername": "azureuser", "enableCSIProxy": True},
        "workloadAutoScalerProfile": {},
    }
    for key, value in defaults.items():
        properties.setdefault(key, value)
    issuer = properties.setdefault("oidcIssuerProfile", {"enabled": False})
    if issuer.get("enabled"):
        issuer["issuerURL"] = oidc_issuer(change.id, change.location, change.store.tenant)


def fill_addresses(change: Change) -> None:
    """A private cluster has its name in a zone that only its network asks."""
    properties, private = change.properties, access(change.properties)
    prefix = properties.get("fqdnSubdomain") or properties.get("dnsPrefix") or change.id.name
    mark = stable_guid("address", change.id.key)
    label = f"{prefix}-{mark[:8]}"
    properties["azurePortalFQDN"] = f"{label}.portal.hcp.{change.location}.azmk8s.io"
    if not private.get("enablePrivateCluster"):
        properties["fqdn"] = f"{label}.hcp.{change.location}.azmk8s.io"
        return
    zone = private.setdefault("privateDNSZone", "system")
    if zone == "system":
        name = f"{stable_guid('zone', change.id.key)}.privatelink.{change.location}.azmk8s.io"
        properties["privateFQDN"] = f"{label}.{name}"
    elif zone != "none":
        host = prefix if properties.get("fqdnSubdomain") else label
        properties["privateFQDN"] = f"{host}.{ResourceId.parse(zone).name}"
    if private.get("enablePrivateClusterPublicFQDN") or zone == "none":
        properties["fqdn"] = f"{label}.hcp.{change.location}.azmk8s.io"


def fill_identities(change: Change) -> None:
    properties, identity, store = change.properties, change.body["identity"], change.store
    if identity["type"] == "SystemAssigned":
        held = (change.before.body.get("identity") if change.before else None) or {}
        identity["principalId"] = (
            held.get("principalId") or store.introduce(change.id.name).object_id
        )
        identity["tenantId"] = store.tenant
    for resource in identity.get("userAssignedIdentities") or {}:
        identity["userAssignedIdentities"][resource] = known(store, resource)
    kubelet = kubelet_identity(properties)
    if kubelet:
        profile = {"resourceId": kubelet} | renamed(known(store, kubelet))
    elif change.before:
        profile = change.before.properties["identityProfile"]["kubeletidentity"]
    else:
        profile = own_kubelet_identity(change)
    properties["identityProfile"] = {"kubeletidentity": profile}
    for name, addon in (properties.get("addonProfiles") or {}).items():
        if addon.get("enabled"):
            principal = stable_guid(change.id.key, name)
            addon["identity"] = {
                "resourceId": f"{node_group(change)}/providers/{IDENTITIES}/{name.lower()}-"
                f"{change.id.name}",
                "clientId": stable_guid(principal, "client"),
                "objectId": principal,
            }


def known(store: Store, resource: str) -> dict[str, str]:
    found = store.get(resource).properties
    return {"clientId": found["clientId"], "principalId": found["principalId"]}


def renamed(identity: dict[str, str]) -> dict[str, str]:
    return {"clientId": identity["clientId"], "objectId": identity["principalId"]}


def node_group(change: Change) -> str:
    return (
        f"/subscriptions/{change.id.subscription}/resourceGroups/"
        f"{change.properties['nodeResourceGroup']}"
    )


def own_kubelet_identity(change: Change) -> dict[str, str]:
    """Without a given one, AKS makes an identity for the nodes, beside them."""
    resource = ResourceId(f"{node_group(change)}/providers/{IDENTITIES}/{change.id.name}-agentpool")
    principal = change.store.introduce(resource.name)
    found = {"principalId": principal.object_id, "clientId": principal.application_id}
    change.store.put(
        resource,
        {
            "location": change.location,
            "properties": found | {"tenantId": change.store.tenant},
        },
    )
    return {"resourceId": str(resource)} | renamed(found)


def keep_gateways(change: Change) -> None:
    """What a caller of an older API version does not name stays as it is."""
    profile = change.properties.get("ingressProfile") or {}
    routing = profile.get("webAppRouting") or {}
    if change.before is None or not routing.get("enabled"):
        return
    before = change.before.properties.get("ingressProfile") or {}
    implementations = (before.get("webAppRouting") or {}).get("gatewayAPIImplementations")
    if before.get("gatewayAPI"):
        profile.setdefault("gatewayAPI", before["gatewayAPI"])
    if implementations:
        routing.setdefault("gatewayAPIImplementations", implementations)


def fill_network(profile: dict[str, Any]) -> None:
    defaults: dict[str, Any] = {
        "networkPlugin": "kubenet",
        "loadBalancerSku": "standard",
        "outboundType": "loadBalancer",
        "ipFamilies": ["IPv4"],
        "serviceCidr": "10.0.0.0/16",
        "dnsServiceIP": "10.0.0.10",
    }
    for key, value in defaults.items():
        if not profile.get(key):
            profile[key] = value
    if profile["networkPlugin"] == "kubenet" or profile.get("networkPluginMode") == "overlay":
        profile.setdefault("podCidr", "10.244.0.0/16")
    for key in ("podCidr", "serviceCidr"):
        if profile.get(key) and not profile.get(f"{key}s"):
            profile[f"{key}s"] = [profile[key]]


def stored(cluster: Resource, store: Store) -> None:
    """A cluster brings its pools, and a group of its own for what its nodes consist of."""
    pools.store_all(cluster, store)
    name = cluster.properties["nodeResourceGroup"]
    group = ResourceId(f"/subscriptions/{cluster.id.subscription}/resourceGroups/{name}")
    if store.find(group) is None:
        store.put(group, {"location": cluster.location, "managedBy": str(cluster.id)})


def remove_node_group(cluster: Resource, store: Store) -> None:
    name = cluster.properties["nodeResourceGroup"]
    group = f"/subscriptions/{cluster.id.subscription}/resourceGroups/{name}"
    if store.find(group):
        store.delete(group)


def show(cluster: Resource, store: Store) -> dict[str, Any]:
    properties = cluster.properties | {
        "provisioningState": cluster.state,
        "agentPoolProfiles": pools.profiles(cluster.id, store),
    }
    body = cluster.body | {"properties": properties}
    return {"id": str(cluster.id), "name": cluster.name, "type": CLUSTERS, **body}


def host(cluster: Resource) -> str:
    """The name under which the API server is reached."""
    properties = cluster.properties
    return str(properties.get("privateFQDN") or properties.get("fqdn"))
