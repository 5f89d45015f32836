"""Who is told, and when: action groups, and rules over metrics, logs, activity and Prometheus."""

from sandbox.arm import ArmError
from sandbox.resource_type import Change, ResourceType, stateless
from sandbox.rules import defaults, one_of, refers, required, together

ACTION_GROUPS = "Microsoft.Insights/actionGroups"
RECEIVERS = (
    "armRoleReceivers",
    "automationRunbookReceivers",
    "azureAppPushReceivers",
    "azureFunctionReceivers",
    "emailReceivers",
    "eventHubReceivers",
    "incidentReceivers",
    "itsmReceivers",
    "logicAppReceivers",
    "smsReceivers",
    "voiceReceivers",
    "webhookReceivers",
)
SHORT_NAME = 12  # Letters that fit into a text message.
OPERATORS = ("And", "Or")
SEVERITIES = ("0", "1", "2", "3", "4")


def check_short_name(change: Change) -> None:
    name = str(change.properties["groupShortName"])
    if len(name) > SHORT_NAME:
        raise ArmError(
            400,
            "BadRequest",
            f"The short name '{name}' of action group '{change.id.name}' is longer than "
            f"{SHORT_NAME} characters.",
        )


def receivers_have_status(change: Change) -> None:
    for kind in ("emailReceivers", "smsReceivers"):
        for receiver in change.properties[kind]:
            receiver.setdefault("status", "Enabled")


TYPES = (
    ResourceType(
        ACTION_GROUPS,
        check=together(required("properties.groupShortName"), check_short_name),
        fill=together(
            defaults(enabled=True, **{kind: [] for kind in RECEIVERS}), receivers_have_status
        ),
        render=stateless,
    ),
    ResourceType(
        "Microsoft.Insights/activityLogAlerts",
        check=together(
            required("properties.scopes", "properties.condition.allOf", "properties.actions"),
            refers("properties.scopes[]"),
            refers("properties.actions.actionGroups[].actionGroupId", kind=ACTION_GROUPS),
        ),
        fill=defaults(enabled=True),
        render=stateless,
    ),
    ResourceType(
        "Microsoft.Insights/metricAlerts",
        check=together(
            required("properties.scopes", "properties.criteria"),
            one_of("properties.severity", *SEVERITIES),
            refers("properties.scopes[]"),
            refers("properties.actions[].actionGroupId", kind=ACTION_GROUPS),
        ),
        fill=defaults(
            enabled=True,
            autoMitigate=True,
            evaluationFrequency="PT1M",
            windowSize="PT5M",
            actions=[],
        ),
        render=stateless,
        created=200,
    ),
    ResourceType(
        "Microsoft.Insights/scheduledQueryRules",
        check=together(
            required("properties.scopes", "properties.criteria.allOf"),
            one_of("properties.severity", *SEVERITIES),
            refers("properties.scopes[]"),
            refers("properties.actions.actionGroups[]", kind=ACTION_GROUPS),
        ),
        fill=defaults(enabled=True, autoMitigate=False, skipQueryValidation=False),
        render=stateless,
    ),
    ResourceType(
        "Microsoft.AlertsManagement/prometheusRuleGroups",
        check=together(
            required("properties.scopes", "properties.rules", "properties.rules[].expression"),
            refers("properties.scopes[]"),
            refers("properties.rules[].actions[].actionGroupId", kind=ACTION_GROUPS),
        ),
        fill=defaults(enabled=True, interval="PT1M"),
        render=stateless,
    ),
)
