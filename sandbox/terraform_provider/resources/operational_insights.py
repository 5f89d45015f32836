"""Microsoft.OperationalInsights: workspaces for logs, and solutions in them."""

from sandbox.terraform_provider.codecs import NEGATED
from sandbox.terraform_provider.lifecycle import Change, Lifecycle, Plan
from sandbox.terraform_provider.mapping import GROUP, Block, Part, Resource, at, reads
from sandbox.terraform_provider.values import Object

IN_PLACE = {"capacityreservation", "pergb2018"}

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
    "azurerm_log_analytics_solution": Resource(
        id=f"{GROUP}/providers/Microsoft.OperationsManagement/solutions/"
        "{solution_name}({workspace_name})",
        api="2015-11-01-preview",
        fields={"plan": Block("plan", {"name": reads("name")})},
    ),
}


class Workspace(Lifecycle):
    """A workspace changes its price in place between two of them only."""

    def correct(self, plan: Plan) -> None:
        before, after = (str(sku or "").lower() for sku in (plan.old("sku"), plan.new("sku")))
        plan.replace_if("sku", before not in ("", "lacluster") and {before, after} != IN_PLACE)
        plan.refuse_if(
            after in ("standard", "premium") and before != after,
            "creation of log analytics workspaces with `Standard` or `Premium` SKUs is no longer "
            "supported by Azure - see https://learn.microsoft.com/en-us/azure/azure-monitor/logs/"
            "cost-logs#standard-and-premium-pricing-tiers",
        )


class Solution(Lifecycle):
    """Its plan is named like itself."""

    def prepare(self, body: Object, change: Change) -> None:
        body["plan"]["name"] = self.identify(change.planned).rpartition("/")[2]


LIFECYCLES = {
    "azurerm_log_analytics_solution": Solution,
    "azurerm_log_analytics_workspace": Workspace,
}
