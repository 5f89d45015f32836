"""Microsoft.OperationalInsights: log workspaces."""

from sandbox.terraform_provider.codecs import NEGATED
from sandbox.terraform_provider.mapping import GROUP, Part, Resource, at, reads

RESOURCES = {
    "azurerm_log_analytics_workspace": Resource(
        id=f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/{{name}}",
        api="2025-07-01",
        parts={"$keys": Part("/sharedKeys", "POST", api="2020-08-01")},
        fields={
            "allow_resource_only_permissions": (
                "properties.features.enableLogAccessUsingOnlyResourcePermissions"
            ),
            "cmk_for_query_forced": "properties.forceCmkForQuery",
            "daily_quota_gb": "properties.workspaceCapping.dailyQuotaGb",
            "data_collection_rule_id": "properties.defaultDataCollectionRuleResourceId",
            "immediate_data_purge_on_30_days_enabled": (
                "properties.features.immediatePurgeDataOn30Days"
            ),
            "internet_ingestion_access_type": "properties.publicNetworkAccessForIngestion",
            "internet_query_access_type": "properties.publicNetworkAccessForQuery",
            "local_authentication_enabled": at("properties.features.disableLocalAuth", NEGATED),
            "reservation_capacity_in_gb_per_day": "properties.sku.capacityReservationLevel",
            "sku": "properties.sku.name",
            "workspace_id": reads("properties.customerId"),
            "primary_shared_key": reads("$keys.primarySharedKey"),
            "secondary_shared_key": reads("$keys.secondarySharedKey"),
        },
    ),
}
