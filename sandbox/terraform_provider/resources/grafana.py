"""Microsoft.Dashboard: managed Grafana."""

from sandbox.terraform_provider.codecs import ENABLED
from sandbox.terraform_provider.mapping import GROUP, Block, Resource, at, reads, writes

API = "2025-08-01"
RESOURCES = {
    "azurerm_dashboard_grafana": Resource(
        id=f"{GROUP}/providers/Microsoft.Dashboard/grafana/{{name}}",
        api=API,
        fields={
            "api_key_enabled": at("properties.apiKey", ENABLED),
            "deterministic_outbound_ip_enabled": at("properties.deterministicOutboundIP", ENABLED),
            "outbound_ip": reads("properties.outboundIPs"),
            "sku": "sku.name",
            "sku_size": "sku.size",
            "zone_redundancy_enabled": at("properties.zoneRedundancy", ENABLED),
            "azure_monitor_workspace_integrations": Block(
                "properties.grafanaIntegrations.azureMonitorWorkspaceIntegrations",
                {"resource_id": "azureMonitorWorkspaceResourceId"},
            ),
            "smtp": Block(
                "properties.grafanaConfigurations.smtp",
                {
                    "password": writes("password"),
                    "start_tls_policy": "startTLSPolicy",
                    "verification_skip_enabled": "skipVerify",
                },
            ),
        },
    ),
    "azurerm_dashboard_grafana_managed_private_endpoint": Resource(
        id="{grafana_id}/managedPrivateEndpoints/{name}", api=API
    ),
}
