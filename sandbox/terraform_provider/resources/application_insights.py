"""Microsoft.Insights: Application Insights, whose daily cap is a part of its own."""

from sandbox.terraform_provider.codecs import ENABLED, NEGATED
from sandbox.terraform_provider.lifecycle import Change, Lifecycle
from sandbox.terraform_provider.mapping import GROUP, Part, Resource, at, reads
from sandbox.terraform_provider.values import Object

BILLING, BILLING_API = "/currentbillingfeatures", "2015-05-01"
CAP = "$billing.DataVolumeCap"


class Component(Lifecycle):
    def prepare(self, body: Object, change: Change) -> None:
        body["kind"] = change.planned["application_type"]

    def finish(self, resource_id: str, change: Change, deadline: float) -> None:
        """Bring the daily cap to what the configuration says."""
        if not change.changed("daily_data_cap_in_gb", "daily_data_cap_notifications_enabled"):
            return
        found = self.azure.call("GET", resource_id + BILLING, BILLING_API).body
        found["DataVolumeCap"] |= {
            "Cap": change.planned["daily_data_cap_in_gb"],
            "StopSendNotificationWhenHitCap": not change.planned[
                "daily_data_cap_notifications_enabled"
            ],
        }
        self.azure.change("PUT", resource_id + BILLING, BILLING_API, found, deadline)


RESOURCES = {
    "azurerm_application_insights": Resource(
        id=f"{GROUP}/providers/Microsoft.Insights/components/{{name}}",
        api="2020-02-02",
        parts={"$billing": Part(BILLING, api=BILLING_API)},
        fields={
            "app_id": reads("properties.AppId"),
            "application_type": "properties.Application_Type",
            "connection_string": reads("properties.ConnectionString"),
            "daily_data_cap_in_gb": reads(f"{CAP}.Cap"),
            "daily_data_cap_notifications_enabled": reads(
                f"{CAP}.StopSendNotificationWhenHitCap", NEGATED
            ),
            "force_customer_storage_for_profiler": "properties.ForceCustomerStorageForProfiler",
            "instrumentation_key": reads("properties.InstrumentationKey"),
            "internet_ingestion_enabled": at("properties.publicNetworkAccessForIngestion", ENABLED),
            "internet_query_enabled": at("properties.publicNetworkAccessForQuery", ENABLED),
            "ip_masking_enabled": at("properties.DisableIpMasking", NEGATED),
            "local_authentication_enabled": at("properties.DisableLocalAuth", NEGATED),
            "retention_in_days": "properties.RetentionInDays",
            "sampling_percentage": "properties.SamplingPercentage",
            "workspace_id": "properties.WorkspaceResourceId",
        },
    ),
}
LIFECYCLES = {"azurerm_application_insights": Component}
