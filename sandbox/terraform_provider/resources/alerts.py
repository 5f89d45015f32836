"""Microsoft.Insights and AlertsManagement: who is told, and rules that tell."""

from typing import Any

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.lifecycle import Change, Lifecycle, Plan
from sandbox.terraform_provider.mapping import (
    GROUP,
    Block,
    Entries,
    Resource,
    camel,
    derived,
    reads,
)
from sandbox.terraform_provider.values import UNKNOWN, Object

INSIGHTS = f"{GROUP}/providers/Microsoft.Insights"
CRITERIA = "Microsoft.Azure.Monitor"
ONE_RESOURCE = f"{CRITERIA}.SingleResourceMultipleMetricCriteria"
SEVERAL_RESOURCES = f"{CRITERIA}.MultipleResourceMultipleMetricCriteria"
WEB_TEST = f"{CRITERIA}.WebtestLocationAvailabilityCriteria"
STATIC, DYNAMIC = "StaticThresholdCriterion", "DynamicThresholdCriterion"


class MetricAlert(Lifecycle):
    """Azure has one list of criteria with a kind in each; Terraform has a block per kind."""

    def prepare(self, body: Object, _change: Change) -> None:
        properties = body["properties"]
        static, dynamic = properties.pop("$static", None) or [], properties.pop("$dynamic", None)
        test = properties.pop("$test", None)
        if test:
            properties["criteria"] = {**test, "odata.type": WEB_TEST}
            return
        every = [{**one, "criterionType": STATIC} for one in static]
        every += [{**one, "criterionType": DYNAMIC} for one in ([dynamic] if dynamic else [])]
        for place, criterion in enumerate(every):
            criterion["name"] = f"Metric{place + 1}"
            criterion.setdefault("dimensions", [])
        alone = len(properties.get("scopes") or []) == 1 and not dynamic
        kind = ONE_RESOURCE if alone else SEVERAL_RESOURCES
        properties["criteria"] = {"odata.type": kind, "allOf": every}

    def arrange(self, body: Object, _prior: Object | None) -> None:
        properties = body["properties"]
        criteria = properties.get("criteria") or {}
        every = criteria.get("allOf") or []
        properties["$static"] = [one for one in every if one.get("criterionType") == STATIC]
        dynamic = [one for one in every if one.get("criterionType") == DYNAMIC]
        if dynamic:
            properties["$dynamic"] = dynamic[0]
        if criteria.get("odata.type") == WEB_TEST:
            properties["$test"] = criteria


SINGLE = {  # Attributes of Terraform in Azure's spelling, and the field that each is about.
    "caller": "caller",
    "category": "category",
    "level": "level",
    "operationName": "operationName",
    "recommendationCategory": "properties.recommendationCategory",
    "recommendationImpact": "properties.recommendationImpact",
    "recommendationType": "properties.recommendationType",
    "resourceGroup": "resourceGroup",
    "resourceId": "resourceId",
    "resourceProvider": "resourceProvider",
    "resourceType": "resourceType",
    "status": "status",
    "subStatus": "subStatus",
}
ANY = {
    "levels": "level",
    "resourceGroups": "resourceGroup",
    "resourceIds": "resourceId",
    "resourceProviders": "resourceProvider",
    "resourceTypes": "resourceType",
    "statuses": "status",
    "subStatuses": "subStatus",
    "resourceHealth.current": "properties.currentHealthStatus",
    "resourceHealth.previous": "properties.previousHealthStatus",
    "resourceHealth.reason": "properties.cause",
    "serviceHealth.events": "properties.incidentType",
}
CONTAINS = {
    "serviceHealth.locations": "properties.impactedServices[*].ImpactedRegions[*].RegionName",
    "serviceHealth.services": "properties.impactedServices[*].ServiceName",
}


def conditions(wanted: Object) -> list[Object]:
    """From Terraform's attributes to Azure's list of conditions on fields."""

    def given(names: dict[str, str]) -> list[tuple[str, Any]]:
        found = [(field, bodies.get(wanted, name)) for name, field in names.items()]
        return [(field, value) for field, value in found if value]

    return [
        *({"field": field, "equals": value} for field, value in given(SINGLE)),
        *(
            {"anyOf": [{"field": field, "equals": value} for value in values]}
            for field, values in given(ANY)
        ),
        *({"field": field, "containsAny": values} for field, values in given(CONTAINS)),
    ]


def attributes(entries: list[Object]) -> Object:
    """The way back."""
    shown: Object = {}
    value: Any
    for entry in entries:
        several = entry.get("anyOf") or []
        if several:
            names, field, value = ANY, several[0]["field"], [one["equals"] for one in several]
        elif entry.get("containsAny"):
            names, field, value = CONTAINS, entry["field"], entry["containsAny"]
        else:
            names, field, value = SINGLE, entry["field"], entry.get("equals")
        for name, known in names.items():
            if known == field:
                bodies.put(shown, name, value)
    return shown


class ActivityLogAlert(Lifecycle):
    def prepare(self, body: Object, _change: Change) -> None:
        wanted = body["properties"].pop("$criteria", None) or {}
        body["properties"]["condition"] = {"allOf": conditions(wanted)}

    def arrange(self, body: Object, _prior: Object | None) -> None:
        entries = bodies.get(body, "properties.condition.allOf") or []
        body["properties"]["$criteria"] = attributes(entries)


def email_subject(body: Object) -> Any:
    return (body.get("actionProperties") or {}).get(EMAIL_SUBJECT)


def put_email_subject(body: Object, subject: str) -> None:
    body.setdefault("actionProperties", {})[EMAIL_SUBJECT] = subject


EMAIL_SUBJECT = "Email.Subject"  # A name with a dot in it, which no path can say.
RECEIVERS: dict[str, Entries] = {
    "arm_role_receiver": {},
    "automation_runbook_receiver": {},
    "azure_app_push_receiver": {},
    "azure_function_receiver": {},
    "email_receiver": {},
    "event_hub_receiver": {"event_hub_namespace": "eventHubNameSpace"},
    "itsm_receiver": {},
    "logic_app_receiver": {},
    "sms_receiver": {},
    "voice_receiver": {},
    "webhook_receiver": {"aad_auth": Block("", on={"useAadAuth": True}, off={"useAadAuth": False})},
}
DIMENSIONS = {"dimension": Block("dimensions")}
METRIC: Entries = {"aggregation": "timeAggregation", **DIMENSIONS}

RESOURCES = {
    "azurerm_monitor_action_group": Resource(
        id=f"{INSIGHTS}/actionGroups/{{name}}",
        api="2023-01-01",
        fields={
            "short_name": "properties.groupShortName",
            **{
                name: Block(f"properties.{camel(name)}s", fields)
                for name, fields in RECEIVERS.items()
            },
        },
    ),
    "azurerm_monitor_activity_log_alert": Resource(
        id=f"{INSIGHTS}/activityLogAlerts/{{name}}",
        api="2020-10-01",
        fields={
            "action": Block("properties.actions.actionGroups"),
            "criteria": Block("properties.$criteria"),
        },
        body={"properties": {"actions": {"actionGroups": []}}},
    ),
    "azurerm_monitor_metric_alert": Resource(
        id=f"{INSIGHTS}/metricAlerts/{{name}}",
        api="2018-03-01",
        always={"location": "global"},
        fields={
            "action": Block("properties.actions", {"webhook_properties": "webHookProperties"}),
            "frequency": "properties.evaluationFrequency",
            "target_resource_location": "properties.targetResourceRegion",
            "criteria": Block("properties.$static", METRIC),
            "dynamic_criteria": Block(
                "properties.$dynamic",
                {
                    **METRIC,
                    "evaluation_total_count": "failingPeriods.numberOfEvaluationPeriods",
                    "evaluation_failure_count": "failingPeriods.minFailingPeriodsToAlert",
                },
            ),
            "application_insights_web_test_location_availability_criteria": Block(
                "properties.$test", {"web_test_id": "webTestId"}
            ),
        },
    ),
    "azurerm_monitor_scheduled_query_rules_alert_v2": Resource(
        id=f"{INSIGHTS}/scheduledQueryRules/{{name}}",
        api="2023-03-15-preview",
        always={"kind": "LogAlert"},
        fields={
            "auto_mitigation_enabled": "properties.autoMitigate",
            "created_with_api_version": reads("properties.createdWithApiVersion"),
            "is_a_legacy_log_analytics_rule": reads("properties.isLegacyLogAnalyticsRule"),
            "is_workspace_alerts_storage_configured": reads(
                "properties.isWorkspaceAlertsStorageConfigured"
            ),
            "mute_actions_after_alert_duration": "properties.muteActionsDuration",
            "query_time_range_override": "properties.overrideQueryTimeRange",
            "window_duration": "properties.windowSize",
            "workspace_alerts_storage_enabled": (
                "properties.checkWorkspaceAlertsStorageConfigured"
            ),
            "action": Block(
                "properties.actions", {"email_subject": derived(email_subject, put_email_subject)}
            ),
            "criteria": Block(
                "properties.criteria.allOf",
                {
                    "metric_measure_column": "metricMeasureColumn",
                    "time_aggregation_method": "timeAggregation",
                    "failing_periods": Block(
                        "failingPeriods",
                        {
                            "minimum_failing_periods_to_trigger_alert": "minFailingPeriodsToAlert",
                            "number_of_evaluation_periods": "numberOfEvaluationPeriods",
                        },
                    ),
                    **DIMENSIONS,
                },
            ),
        },
    ),
    "azurerm_monitor_alert_prometheus_rule_group": Resource(
        id=f"{GROUP}/providers/Microsoft.AlertsManagement/prometheusRuleGroups/{{name}}",
        api="2023-03-01",
        fields={
            "rule_group_enabled": "properties.enabled",
            "rule": Block(
                "properties.rules",
                {
                    "action": Block("actions"),
                    "alert_resolution": Block("resolveConfiguration"),
                },
            ),
        },
    ),
}
ALERT_ONLY = ("action", "severity", "annotations", "for", "alert_resolution")


class PrometheusRules(Lifecycle):
    """A rule alerts or records."""

    def correct(self, plan: Plan) -> None:
        for index, rule in enumerate(plan.planned.get("rule") or ()):
            if rule is UNKNOWN or UNKNOWN in (rule["record"], rule["alert"]):
                continue
            place, name = f"rule.[{index}]", plan.new("name") or ""
            plan.refuse_if(
                bool(rule["record"]) == bool(rule["alert"]),
                f"one and only one of [rule.{index}.record, rule.{index}.alert] for {name} must "
                "be set",
            )
            given = any(plan.new(f"rule.{index}.{member}") for member in ALERT_ONLY)
            plan.refuse_if(
                bool(rule["record"]) and given,
                f"the {place}.action, {place}.severity, {place}.annotations, {place}.for and "
                f"{place}.alert_resolution must be empty when the rule type of Alert Prometheus "
                f"Rule Group ({name}) is record",
            )


LIFECYCLES = {
    "azurerm_monitor_alert_prometheus_rule_group": PrometheusRules,
    "azurerm_monitor_metric_alert": MetricAlert,
    "azurerm_monitor_activity_log_alert": ActivityLogAlert,
}
