"""Microsoft.ContainerService: clusters."""

import base64
from typing import Any

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.codecs import (
    BASE64,
    BOOL_TEXT,
    IDS,
    INTEGER_TEXT,
    NEGATED,
    NONE_IS_NULL,
    renamed,
)
from sandbox.terraform_provider.lifecycle import Change, Lifecycle, Plan, without_parts
from sandbox.terraform_provider.mapping import (
    GROUP,
    STATE_ONLY,
    Block,
    Entries,
    Part,
    Resource,
    at,
    derived,
    reads,
    switched,
)
from sandbox.terraform_provider.resources import cluster_changes, maintenance, rotation
from sandbox.terraform_provider.resources.agent_pools import pool
from sandbox.terraform_provider.resources.rotation import API
from sandbox.terraform_provider.values import Object

CLUSTERS = f"{GROUP}/providers/Microsoft.ContainerService/managedClusters"
SCHEDULES = ("$auto_upgrade", "$node_os")
ADDON = "properties.addonProfiles"
ACCESS = "properties.apiServerAccessProfile"
TAINT = "CriticalAddonsOnly=true:NoSchedule"

POOL_IDENTITY: Entries = {"user_assigned_identity_id": "resourceId"}


def addon_identity() -> Block:
    return Block("identity", POOL_IDENTITY, writable=False)


def critical_only(body: Object) -> bool:
    return TAINT in (body.get("nodeTaints") or [])


def put_critical_only(body: Object, wanted: bool) -> None:
    others = [taint for taint in body.get("nodeTaints") or [] if taint != TAINT]
    body["nodeTaints"] = [*others, TAINT] if wanted else others


ZONE = renamed({"System": "system", "None": "none"})
CLUSTER: Entries = {
    "sku_tier": "sku.tier",
    "edge_zone": "extendedLocation.name",
    "dns_prefix_private_cluster": "properties.fqdnSubdomain",
    "private_cluster_enabled": f"{ACCESS}.enablePrivateCluster",
    "private_dns_zone_id": at(f"{ACCESS}.privateDNSZone", ZONE),
    "private_cluster_public_fqdn_enabled": f"{ACCESS}.enablePrivateClusterPublicFQDN",
    "run_command_enabled": at(f"{ACCESS}.disableRunCommand", NEGATED),
    "api_server_access_profile": Block(
        ACCESS,
        {
            "authorized_ip_ranges": "authorizedIPRanges",
            "virtual_network_integration_enabled": "enableVnetIntegration",
        },
    ),
    "ai_toolchain_operator_enabled": "properties.aiToolchainOperatorProfile.enabled",
    "automatic_upgrade_channel": at("properties.autoUpgradeProfile.upgradeChannel", NONE_IS_NULL),
    "node_os_upgrade_channel": "properties.autoUpgradeProfile.nodeOSUpgradeChannel",
    "azure_policy_enabled": f"{ADDON}.azurepolicy.enabled",
    "http_application_routing_enabled": f"{ADDON}.httpApplicationRouting.enabled",
    "http_application_routing_zone_name": reads(
        f"{ADDON}.httpApplicationRouting.config.HTTPApplicationRoutingZoneName"
    ),
    "open_service_mesh_enabled": f"{ADDON}.openServiceMesh.enabled",
    "cost_analysis_enabled": "properties.metricsProfile.costAnalysis.enabled",
    "custom_ca_trust_certificates_base64": "properties.securityProfile.customCATrustCertificates",
    "disk_encryption_set_id": "properties.diskEncryptionSetID",
    "image_cleaner_enabled": "properties.securityProfile.imageCleaner.enabled",
    "image_cleaner_interval_hours": "properties.securityProfile.imageCleaner.intervalHours",
    "local_account_disabled": "properties.disableLocalAccounts",
    "oidc_issuer_enabled": "properties.oidcIssuerProfile.enabled",
    "oidc_issuer_url": reads("properties.oidcIssuerProfile.issuerURL"),
    "workload_identity_enabled": "properties.securityProfile.workloadIdentity.enabled",
    "role_based_access_control_enabled": "properties.enableRBAC",
    "private_fqdn": reads("properties.privateFQDN"),
    "portal_fqdn": reads("properties.azurePortalFQDN"),
    "kubernetes_version": "properties.kubernetesVersion",
    "current_kubernetes_version": reads("properties.currentKubernetesVersion"),
    "node_resource_group_id": reads("$node_group"),
    "kube_config_raw": reads("$user.kubeconfigs.0.value", BASE64),
    "kube_admin_config_raw": reads("$admin.kubeconfigs.0.value", BASE64),
    "kube_config": Block("$access.user", writable=False),
    "kube_admin_config": Block("$access.admin", writable=False),
    "azure_active_directory_role_based_access_control": Block(
        "properties.aadProfile",
        {
            "azure_rbac_enabled": "enableAzureRBAC",
            "tenant_id": "tenantID",
            "admin_group_object_ids": "adminGroupObjectIDs",
        },
        on={"managed": True},
    ),
    "default_node_pool": Block(
        "properties.agentPoolProfiles.0",
        {
            **pool(""),
            "name": "name",
            "only_critical_addons_enabled": derived(critical_only, put_critical_only),
        },
    ),
    "kubelet_identity": Block("properties.identityProfile.kubeletidentity", POOL_IDENTITY),
    "auto_scaler_profile": Block(
        "properties.autoScalerProfile",
        {
            "balance_similar_node_groups": at("balance-similar-node-groups", BOOL_TEXT),
            "daemonset_eviction_for_empty_nodes_enabled": "daemonset-eviction-for-empty-nodes",
            "daemonset_eviction_for_occupied_nodes_enabled": (
                "daemonset-eviction-for-occupied-nodes"
            ),
            "empty_bulk_delete_max": "max-empty-bulk-delete",
            "expander": "expander",
            "ignore_daemonsets_utilization_enabled": "ignore-daemonsets-utilization",
            "max_graceful_termination_sec": "max-graceful-termination-sec",
            "max_node_provisioning_time": "max-node-provision-time",
            "max_unready_nodes": at("ok-total-unready-count", INTEGER_TEXT),
            "max_unready_percentage": at("max-total-unready-percentage", INTEGER_TEXT),
            "new_pod_scale_up_delay": "new-pod-scale-up-delay",
            "scale_down_delay_after_add": "scale-down-delay-after-add",
            "scale_down_delay_after_delete": "scale-down-delay-after-delete",
            "scale_down_delay_after_failure": "scale-down-delay-after-failure",
            "scale_down_unneeded": "scale-down-unneeded-time",
            "scale_down_unready": "scale-down-unready-time",
            "scale_down_utilization_threshold": "scale-down-utilization-threshold",
            "scan_interval": "scan-interval",
            "skip_nodes_with_local_storage": at("skip-nodes-with-local-storage", BOOL_TEXT),
            "skip_nodes_with_system_pods": at("skip-nodes-with-system-pods", BOOL_TEXT),
        },
    ),
    "network_profile": Block(
        "properties.networkProfile",
        {
            "dns_service_ip": "dnsServiceIP",
            "network_data_plane": "networkDataplane",
            "ip_versions": "ipFamilies",
            "advanced_networking": switched(
                fields={
                    "observability_enabled": "observability.enabled",
                    "security_enabled": "security.enabled",
                },
            ),
            "load_balancer_profile": Block(
                fields={
                    "managed_outbound_ip_count": "managedOutboundIPs.count",
                    "managed_outbound_ipv6_count": "managedOutboundIPs.countIPv6",
                    "outbound_ip_address_ids": at("outboundIPs.publicIPs", IDS),
                    "outbound_ip_prefix_ids": at("outboundIPPrefixes.publicIPPrefixes", IDS),
                    "outbound_ports_allocated": "allocatedOutboundPorts",
                    "effective_outbound_ips": reads("effectiveOutboundIPs", IDS),
                }
            ),
            "nat_gateway_profile": Block(
                fields={
                    "managed_outbound_ip_count": "managedOutboundIPProfile.count",
                    "effective_outbound_ips": reads("effectiveOutboundIPs", IDS),
                }
            ),
        },
    ),
    "monitor_metrics": switched(
        "properties.azureMonitorProfile.metrics",
        {
            "annotations_allowed": "kubeStateMetrics.metricAnnotationsAllowList",
            "labels_allowed": "kubeStateMetrics.metricLabelsAllowlist",
        },
    ),
    "microsoft_defender": Block(
        "properties.securityProfile.defender",
        {"log_analytics_workspace_id": "logAnalyticsWorkspaceResourceId"},
        on={"securityMonitoring": {"enabled": True}},
        off={"securityMonitoring": {"enabled": False}},
    ),
    "key_management_service": switched(
        "properties.securityProfile.azureKeyVaultKms",
        {"key_vault_key_id": "keyId", "key_vault_network_access": "keyVaultNetworkAccess"},
    ),
    "key_vault_secrets_provider": switched(
        f"{ADDON}.azureKeyvaultSecretsProvider",
        {
            "secret_rotation_enabled": at("config.enableSecretRotation", BOOL_TEXT),
            "secret_rotation_interval": "config.rotationPollInterval",
            "secret_identity": addon_identity(),
        },
    ),
    "oms_agent": switched(
        f"{ADDON}.omsagent",
        {
            "log_analytics_workspace_id": "config.logAnalyticsWorkspaceResourceID",
            "msi_auth_for_monitoring_enabled": at("config.useAADAuth", BOOL_TEXT),
            "oms_agent_identity": addon_identity(),
        },
    ),
    "aci_connector_linux": switched(
        f"{ADDON}.aciConnectorLinux",
        {"subnet_name": "config.SubnetName", "connector_identity": addon_identity()},
    ),
    "ingress_application_gateway": switched(
        f"{ADDON}.ingressApplicationGateway",
        {
            "gateway_id": "config.applicationGatewayId",
            "gateway_name": "config.applicationGatewayName",
            "subnet_cidr": "config.subnetCIDR",
            "subnet_id": "config.subnetId",
            "effective_gateway_id": reads("config.effectiveApplicationGatewayId"),
            "ingress_application_gateway_identity": addon_identity(),
        },
    ),
    "web_app_routing": switched(
        "properties.ingressProfile.webAppRouting",
        {
            "dns_zone_ids": "dnsZoneResourceIds",
            "default_nginx_controller": "nginx.defaultIngressControllerType",
            "web_app_routing_identity": addon_identity(),
        },
    ),
    "http_proxy_config": Block("properties.httpProxyConfig", {"trusted_ca": "trustedCa"}),
    "linux_profile": Block(
        "properties.linuxProfile",
        {"ssh_key": Block("ssh.publicKeys", {"key_data": "keyData"})},
    ),
    "service_principal": Block(
        "properties.servicePrincipalProfile", {"client_id": "clientId", "client_secret": "secret"}
    ),
    "service_mesh_profile": STATE_ONLY,
    "confidential_computing": switched(
        f"{ADDON}.ACCSGXDevicePlugin",
        {"sgx_quote_helper_enabled": at("config.ACCSGXQuoteHelperEnabled", BOOL_TEXT)},
    ),
    "storage_profile": Block(
        fields={
            "blob_driver_enabled": "blobCSIDriver.enabled",
            "disk_driver_enabled": "diskCSIDriver.enabled",
            "file_driver_enabled": "fileCSIDriver.enabled",
            "snapshot_controller_enabled": "snapshotController.enabled",
        }
    ),
    "bootstrap_profile": Block(fields={"container_registry_id": "containerRegistryId"}),
    "upgrade_override": Block(
        "properties.upgradeSettings.overrideSettings",
        {"force_upgrade_enabled": "forceUpgrade", "effective_until": "until"},
    ),
    "windows_profile": STATE_ONLY,
    "workload_autoscaler_profile": Block(
        fields={
            "keda_enabled": "keda.enabled",
            "vertical_pod_autoscaler_enabled": "verticalPodAutoscaler.enabled",
        }
    ),
    "maintenance_window": Block("$maintenance.properties", maintenance.WINDOW),
    "maintenance_window_auto_upgrade": maintenance.schedule("$auto_upgrade"),
    "maintenance_window_node_os": maintenance.schedule("$node_os"),
}


def has_admin(body: Object) -> bool:
    """Azure gives out the admin's credentials when Entra is on and local accounts are too."""
    entra = bodies.get(body, "properties.aadProfile") is not None
    return entra and not bodies.get(body, "properties.disableLocalAccounts")


def credentials(answer: Any) -> list[Object]:
    """The fields of a kubeconfig that the provider shows."""
    import yaml  # noqa: PLC0415 - only clusters need it

    raw = bodies.get(answer, "kubeconfigs.0.value")
    if not raw:
        return []
    config = yaml.safe_load(base64.b64decode(raw))
    cluster = bodies.get(config, "clusters.0.cluster") or {}
    user = bodies.get(config, "users.0") or {}
    inside = user.get("user") or {}
    return [
        {
            "host": cluster.get("server"),
            "clusterCaCertificate": cluster.get("certificate-authority-data"),
            "username": user.get("name"),
            "password": inside.get("token", ""),
            "clientCertificate": inside.get("client-certificate-data", ""),
            "clientKey": inside.get("client-key-data", ""),
        }
    ]


class Cluster(Lifecycle):
    """The default node pool is one of several; the configuration's is kept in front."""

    temporary: str = ""

    def correct(self, plan: Plan) -> None:
        cluster_changes.correct(plan)

    def write(self, resource_id: str, body: Object, deadline: float) -> None:
        if self.temporary:
            pools = without_parts(body["properties"]["agentPoolProfiles"])
            first, *others = pools
            pool = f"{resource_id}/agentPools/{first['name']}"
            rotation.rotate(self.azure, pool, self.temporary, first, deadline)
            left = [other for other in others if other.get("name") != self.temporary]
            body["properties"]["agentPoolProfiles"] = [first, *left]
        super().write(resource_id, body, deadline)

    def prepare(self, body: Object, change: Change) -> None:
        if change.prior is not None:
            before, after = (
                side["default_node_pool"][0] for side in (change.prior, change.planned)
            )
            self.temporary = rotation.temporary_name(
                before, after, rotation.DEFAULT_CYCLED, "default_node_pool.0."
            )
        for part in SCHEDULES:
            maintenance.unflatten(body.get(part))
        first = body["properties"]["agentPoolProfiles"][0]
        first.setdefault("mode", "System")
        first.setdefault("osType", "Linux")
        if not first.get("enableAutoScaling"):
            first.pop("minCount", None)
            first.pop("maxCount", None)
        if bodies.get(body, f"{ACCESS}.enablePrivateCluster") is False:
            body["properties"]["apiServerAccessProfile"].pop("privateDNSZone", None)

    def arrange(self, body: Object, prior: Object | None) -> None:
        for part in SCHEDULES:
            maintenance.flatten(body.get(part))
        named = bodies.get(prior, "default_node_pool.0.name")
        pools = bodies.get(body, "properties.agentPoolProfiles") or []
        pools.sort(key=lambda found: (found.get("name") != named, found.get("mode") != "System"))
        group = bodies.get(body, "properties.nodeResourceGroup")
        if group:
            body["$node_group"] = "/".join([*body["id"].split("/")[:4], group])
        body["$access"] = {
            "user": credentials(body.get("$user")),
            "admin": credentials(body.get("$admin")),
        }


RESOURCES = {
    "azurerm_kubernetes_cluster": Resource(
        id=f"{CLUSTERS}/{{name}}",
        api=API,
        always={"sku.name": "Base"},
        parts={
            "$user": Part("/listClusterUserCredential", "POST"),
            "$admin": Part("/listClusterAdminCredential", "POST", when=has_admin),
            "$maintenance": Part("/maintenanceConfigurations/default", writable=True),
            "$auto_upgrade": Part(
                "/maintenanceConfigurations/aksManagedAutoUpgradeSchedule", writable=True
            ),
            "$node_os": Part(
                "/maintenanceConfigurations/aksManagedNodeOSUpgradeSchedule", writable=True
            ),
        },
        fields=CLUSTER,
    ),
}
LIFECYCLES = {
    "azurerm_kubernetes_cluster": Cluster,
}
