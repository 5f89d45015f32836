"""Metrics and logs on their way: collection endpoints, rules, and workspaces for metrics."""

from typing import Any

from sandbox.arm import ResourceId
from sandbox.resource_type import Change, ResourceType, stateless
from sandbox.rules import (
    computed,
    defaults,
    identified,
    refers,
    required,
    stable_guid,
    stable_label,
    together,
)
from sandbox.store import Resource, Store

ENDPOINTS = "Microsoft.Insights/dataCollectionEndpoints"
RULES = "Microsoft.Insights/dataCollectionRules"
ACCOUNTS = "Microsoft.Monitor/accounts"
WORKSPACES = "Microsoft.OperationalInsights/workspaces"
SCOPES = "Microsoft.Insights/privateLinkScopes"


def immutable(prefix: str, resource: ResourceId) -> str:
    return f"{prefix}-{stable_guid(resource.key).replace('-', '')}"


def host(resource: ResourceId, location: str, service: str) -> str:
    label = f"{resource.name.lower()}-{stable_label(resource)}"
    return f"https://{label}.{location}-1.{service}.monitor.azure.com"


def endpoint(resource: ResourceId, location: str) -> dict[str, Any]:
    return {
        "immutableId": immutable("dce", resource),
        "configurationAccess": {"endpoint": host(resource, location, "handler.control")},
        "logsIngestion": {"endpoint": host(resource, location, "ingest")},
        "metricsIngestion": {"endpoint": host(resource, location, "metrics.ingest")},
    }


def fill_rule(change: Change) -> None:
    change.properties["immutableId"] = immutable("dcr", change.id)
    if change.body.get("kind") == "Direct":
        change.properties["endpoints"] = {
            "logsIngestion": host(change.id, change.location, "ingest"),
            "metricsIngestion": host(change.id, change.location, "metrics.ingest"),
        }


# --- Workspaces for metrics -----------------------------------------------------------------------


def managed_group(account: ResourceId, location: str) -> ResourceId:
    name = f"MA_{account.name}_{location}_managed"
    return ResourceId(f"/subscriptions/{account.subscription}/resourceGroups/{name}")


def fill_account(change: Change) -> None:
    group = managed_group(change.id, change.location)
    base = f"{group}/providers"
    change.properties.update(
        accountId=stable_guid(change.id.key),
        metrics={
            "internalId": f"mac_{stable_guid(change.id.key)}",
            "prometheusQueryEndpoint": (
                f"https://{change.id.name.lower()}-{stable_label(change.id)}"
                f".{change.location}.prometheus.monitor.azure.com"
            ),
        },
        defaultIngestionSettings={
            "dataCollectionEndpointResourceId": f"{base}/{ENDPOINTS}/{change.id.name}",
            "dataCollectionRuleResourceId": f"{base}/{RULES}/{change.id.name}",
        },
    )


def create_ingestion(account: Resource, store: Store) -> None:
    """A workspace comes with an endpoint and a rule, in a group of their own."""
    settings = account.properties["defaultIngestionSettings"]
    entry = ResourceId.parse(settings["dataCollectionEndpointResourceId"])
    rule = ResourceId.parse(settings["dataCollectionRuleResourceId"])
    if store.find(rule):
        return
    store.put(entry.group_id, {"location": account.location, "managedBy": str(account.id)})
    store.put(
        entry,
        {"location": account.location, "properties": endpoint(entry, account.location)},
    )
    flow = {"streams": ["Microsoft-PrometheusMetrics"], "destinations": ["MonitoringAccount"]}
    target = {"accountResourceId": str(account.id), "name": "MonitoringAccount"}
    properties = {
        "immutableId": immutable("dcr", rule),
        "dataCollectionEndpointId": str(entry),
        "dataSources": {
            "prometheusForwarder": [{"name": "PrometheusDataSource", "streams": flow["streams"]}]
        },
        "destinations": {"monitoringAccounts": [target]},
        "dataFlows": [flow],
    }
    store.put(rule, {"location": account.location, "properties": properties})


def remove_ingestion(account: Resource, store: Store) -> None:
    group = managed_group(account.id, account.location)
    if store.find(group):
        store.delete(group)


TYPES = (
    ResourceType(
        ENDPOINTS,
        fill=together(
            defaults(networkAcls={"publicNetworkAccess": "Enabled"}),
            computed(lambda change: endpoint(change.id, change.location)),
        ),
    ),
    ResourceType(
        RULES,
        check=together(
            required("properties.destinations", "properties.dataFlows"),
            refers("properties.dataCollectionEndpointId", kind=ENDPOINTS),
            refers("properties.destinations.logAnalytics[].workspaceResourceId", kind=WORKSPACES),
            refers("properties.destinations.monitoringAccounts[].accountResourceId", kind=ACCOUNTS),
        ),
        fill=together(fill_rule, identified),
    ),
    ResourceType(
        "Microsoft.Insights/dataCollectionRuleAssociations",
        extends=True,
        check=together(
            refers("properties.dataCollectionRuleId", kind=RULES),
            refers("properties.dataCollectionEndpointId", kind=ENDPOINTS),
        ),
        render=stateless,
    ),
    ResourceType(
        ACCOUNTS,
        timed="workspace",
        fill=together(defaults(publicNetworkAccess="Enabled"), fill_account),
        stored=create_ingestion,
        polls_resource=True,
        deleted=202,
    ),
    ResourceType(
        SCOPES,
        fill=defaults(
            accessModeSettings={
                "ingestionAccessMode": "Open",
                "queryAccessMode": "Open",
                "exclusions": [],
            },
            privateEndpointConnections=[],
        ),
    ),
    ResourceType(
        f"{SCOPES}/scopedResources",
        check=together(
            required("properties.linkedResourceId"), refers("properties.linkedResourceId")
        ),
    ),
)
