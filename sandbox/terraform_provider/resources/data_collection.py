"""Azure Monitor: how metrics and logs are collected, and where they go."""

from typing import Any

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.codecs import ENABLED, JSON
from sandbox.terraform_provider.lifecycle import Change, Lifecycle, Plan
from sandbox.terraform_provider.mapping import GROUP, Block, Entries, Resource, at, reads
from sandbox.terraform_provider.values import Object

INSIGHTS = f"{GROUP}/providers/Microsoft.Insights"
SETTINGS = "/providers/Microsoft.Insights/diagnosticSettings/"


class DataCollectionRule(Lifecycle):
    """Azure has objects by name where Terraform has sets."""

    def correct(self, plan: Plan) -> None:
        plan.replace_if("kind", plan.old("kind") is not None)

    def prepare(self, body: Object, _change: Change) -> None:
        properties = body["properties"]
        declared = properties.pop("$streams", None)
        if declared is not None:
            properties["streamDeclarations"] = {
                one["$name"]: {"columns": one["columns"]} for one in declared
            }
        imports = bodies.get(properties, "dataSources.dataImports") or {}
        for hub in imports.pop("$eventHubs", None) or []:
            imports["eventHub"] = hub
        for source in bodies.get(properties, "dataSources.prometheusForwarder") or []:
            filters = source.pop("$filters", None)
            if filters is not None:
                source["labelIncludeFilter"] = {one["label"]: one["value"] for one in filters}

    def arrange(self, body: Object, _prior: Object | None) -> None:
        properties = body["properties"]
        properties["$streams"] = [
            {"$name": name, **one}
            for name, one in (properties.get("streamDeclarations") or {}).items()
        ]
        imports = bodies.get(properties, "dataSources.dataImports") or {}
        if imports.get("eventHub"):
            imports["$eventHubs"] = [imports["eventHub"]]
        for source in bodies.get(properties, "dataSources.prometheusForwarder") or []:
            filters = source.get("labelIncludeFilter") or {}
            source["$filters"] = [
                {"label": label, "value": value} for label, value in filters.items()
            ]


class DiagnosticSetting(Lifecycle):
    """Its id in state is not that of Azure; what is not enabled is not shown."""

    def path_of(self, resource_id: str) -> str:
        target, _, name = resource_id.rpartition("|")
        return target + SETTINGS + name

    def prepare(self, body: Object, _change: Change) -> None:
        for part in ("logs", "metrics"):
            for entry in body["properties"].get(part) or []:
                entry["enabled"] = True

    def arrange(self, body: Object, _prior: Object | None) -> None:
        for part in ("logs", "metrics"):
            entries = body["properties"].get(part) or []
            body["properties"][part] = [one for one in entries if one.get("enabled")]


SOURCES: Entries = {
    "data_import": Block("dataImports", {"event_hub_data_source": Block("$eventHubs")}),
    "extension": Block("extensions", {"extension_json": at("extensionSettings", JSON)}),
    "iis_log": Block("iisLogs"),
    "log_file": Block("logFiles", {"settings": Block("settings", {"text": Block("text")})}),
    "performance_counter": Block("performanceCounters"),
    "platform_telemetry": Block("platformTelemetry"),
    "prometheus_forwarder": Block(
        "prometheusForwarder", {"label_include_filter": Block("$filters")}
    ),
    "syslog": Block("syslog"),
    "windows_event_log": Block("windowsEventLogs", {"x_path_queries": "xPathQueries"}),
    "windows_firewall_log": Block("windowsFirewallLogs"),
}
EVENT_HUB: Entries = {"event_hub_id": "eventHubResourceId"}
STORAGE: Entries = {"storage_account_id": "storageAccountResourceId"}
DESTINATIONS: Entries = {
    "event_hub": Block("eventHubs.0", EVENT_HUB),
    "event_hub_direct": Block("eventHubsDirect.0", EVENT_HUB),
    "log_analytics": Block("logAnalytics"),
    "monitor_account": Block("monitoringAccounts", {"monitor_account_id": "accountResourceId"}),
    "storage_blob": Block("storageAccounts", STORAGE),
    "storage_blob_direct": Block("storageBlobsDirect", STORAGE),
    "storage_table_direct": Block("storageTablesDirect", STORAGE),
}
ENDPOINT = "properties.{}.endpoint"

RESOURCES = {
    "azurerm_monitor_data_collection_endpoint": Resource(
        id=f"{INSIGHTS}/dataCollectionEndpoints/{{name}}",
        api="2023-03-11",
        fields={
            "kind": "kind",
            "configuration_access_endpoint": reads(ENDPOINT.format("configurationAccess")),
            "logs_ingestion_endpoint": reads(ENDPOINT.format("logsIngestion")),
            "metrics_ingestion_endpoint": reads(ENDPOINT.format("metricsIngestion")),
            "public_network_access_enabled": at(
                "properties.networkAcls.publicNetworkAccess", ENABLED
            ),
        },
    ),
    "azurerm_monitor_data_collection_rule": Resource(
        id=f"{INSIGHTS}/dataCollectionRules/{{name}}",
        api="2023-03-11",
        fields={
            "kind": "kind",
            "data_flow": Block("properties.dataFlows"),
            "data_sources": Block("properties.dataSources", SOURCES),
            "destinations": Block("properties.destinations", DESTINATIONS),
            "stream_declaration": Block(
                "properties.$streams", {"stream_name": "$name", "column": Block("columns")}
            ),
        },
    ),
    "azurerm_monitor_data_collection_rule_association": Resource(
        id="{target_resource_id}/providers/Microsoft.Insights/dataCollectionRuleAssociations/{name}",
        api="2023-03-11",
    ),
    "azurerm_monitor_diagnostic_setting": Resource(
        id="{target_resource_id}|{name}",
        api="2021-05-01-preview",
        fields={
            "enabled_log": Block("properties.logs"),
            "enabled_metric": Block("properties.metrics"),
            "eventhub_authorization_rule_id": "properties.eventHubAuthorizationRuleId",
            "eventhub_name": "properties.eventHubName",
            "log_analytics_workspace_id": "properties.workspaceId",
            "partner_solution_id": "properties.marketplacePartnerId",
        },
    ),
    "azurerm_monitor_workspace": Resource(
        id=f"{GROUP}/providers/Microsoft.Monitor/accounts/{{name}}",
        api="2023-04-03",
        fields={
            "query_endpoint": reads("properties.metrics.prometheusQueryEndpoint"),
            "default_data_collection_endpoint_id": reads(
                "properties.defaultIngestionSettings.dataCollectionEndpointResourceId"
            ),
            "default_data_collection_rule_id": reads(
                "properties.defaultIngestionSettings.dataCollectionRuleResourceId"
            ),
        },
    ),
    "azurerm_monitor_private_link_scope": Resource(
        id=f"{INSIGHTS}/privateLinkScopes/{{name}}",
        api="2021-07-01-preview",
        always={"location": "global"},
        fields={
            "ingestion_access_mode": "properties.accessModeSettings.ingestionAccessMode",
            "query_access_mode": "properties.accessModeSettings.queryAccessMode",
        },
    ),
    "azurerm_monitor_private_link_scoped_service": Resource(
        id=f"{INSIGHTS}/privateLinkScopes/{{scope_name}}/scopedResources/{{name}}",
        api="2019-10-17-preview",
    ),
}
LIFECYCLES = {
    "azurerm_monitor_data_collection_rule": DataCollectionRule,
    "azurerm_monitor_diagnostic_setting": DiagnosticSetting,
}


def categories(azure: Any, configuration: Object) -> Object:
    """Data source: what a resource can send."""
    target = configuration["resource_id"]
    path = f"{target}/providers/Microsoft.Insights/diagnosticSettingsCategories"
    found = azure.call("GET", path, "2021-05-01-preview").body["value"]

    def of(kind: str) -> list[str]:
        entries = [one for one in found if one["properties"]["categoryType"] == kind]
        return sorted(one["name"] for one in entries)

    groups = {group for one in found for group in one["properties"].get("categoryGroups") or []}
    return {
        **configuration,
        "id": target,
        "log_category_types": of("Logs"),
        "log_category_groups": sorted(groups),
        "metrics": of("Metrics"),
    }


DATA_SOURCES = {"azurerm_monitor_diagnostic_categories": categories}
