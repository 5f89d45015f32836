"""Policies and budgets."""

from typing import Any

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.azure import Azure
from sandbox.terraform_provider.codecs import JSON, Codec, choice
from sandbox.terraform_provider.errors import ProviderError
from sandbox.terraform_provider.lifecycle import Change, Lifecycle
from sandbox.terraform_provider.mapping import Block, Resource, at, reads
from sandbox.terraform_provider.values import Object

BUDGET_API = "2019-10-01"
POLICY_API = "2022-06-01"
DEFINITIONS = "/providers/Microsoft.Authorization/policyDefinitions"


class Budget(Lifecycle):
    """Azure names the notifications after what they say, and nests the filter."""

    def prepare(self, body: Object, _change: Change) -> None:
        properties = body["properties"]
        told = properties.pop("$notifications", None) or []
        properties["notifications"] = {notification_name(one): one for one in told}
        wanted = properties.pop("$filter", None) or {}
        parts = [{word: part} for word in ("dimensions", "tags") for part in wanted.get(word) or []]
        properties["filter"] = parts[0] if len(parts) == 1 else {"and": parts} if parts else {}

    def arrange(self, body: Object, _prior: Object | None) -> None:
        properties = body["properties"]
        properties["$notifications"] = list((properties.get("notifications") or {}).values())
        found = properties.get("filter") or {}
        parts = found.get("and") or [found]
        properties["$filter"] = {
            word: [part[word] for part in parts if part.get(word)]
            for word in ("dimensions", "tags")
        }


def notification_name(one: Object) -> str:
    kind, threshold = one.get("thresholdType", "Actual"), float(one["threshold"])
    return f"{kind.lower()}_{one['operator']}_{threshold:f}_Percent"


class PolicyAssignment(Lifecycle):
    """Azure has objects where Terraform has lists of one kind."""

    def prepare(self, body: Object, _change: Change) -> None:
        body["properties"].setdefault("displayName", "")


def policy_definition(azure: Azure, configuration: Object) -> Object:
    name, shown = configuration.get("name"), configuration.get("display_name")
    scope = f"/subscriptions/{azure.settings.subscription_id}"
    if name:
        found = azure.find(f"{DEFINITIONS}/{name}", POLICY_API)
        found = found or azure.find(f"{scope}{DEFINITIONS}/{name}", POLICY_API)
    else:
        every = azure.call("GET", f"{scope}{DEFINITIONS}", POLICY_API).body["value"]
        same = [one for one in every if one["properties"].get("displayName") == shown]
        found = same[0] if same else None
    if found is None:
        raise ProviderError(f"loading Policy Definition: could not find policy '{name or shown}'")
    properties = found["properties"]
    return {
        **configuration,
        "id": found["id"],
        "name": found["name"],
        "type": found["type"],
        "display_name": properties.get("displayName"),
        "description": properties.get("description"),
        "policy_type": properties.get("policyType"),
        "mode": properties.get("mode"),
        "metadata": JSON.decode(properties.get("metadata") or {}),
        "parameters": JSON.decode(properties.get("parameters") or {}),
        "policy_rule": JSON.decode(properties.get("policyRule") or {}),
        "role_definition_ids": bodies.get(properties, "policyRule.then.details.roleDefinitionIds")
        or [],
    }


SELECTOR = {"in": "in", "not_in": "notIn"}
NO_JSON_WHEN_EMPTY = Codec(
    JSON.encode, lambda found: JSON.decode(found) if found else None, JSON.normalize
)
ASSIGNMENT: dict[str, Any] = {
    "enforce": at("properties.enforcementMode", choice("Default", "DoNotEnforce")),
    "metadata": at("properties.metadata", NO_JSON_WHEN_EMPTY),
    "parameters": at("properties.parameters", NO_JSON_WHEN_EMPTY),
    "non_compliance_message": Block("properties.nonComplianceMessages", {"content": "message"}),
    "overrides": Block("properties.overrides", {"selectors": Block("selectors", SELECTOR)}),
    "resource_selectors": Block(
        "properties.resourceSelectors", {"selectors": Block("selectors", SELECTOR)}
    ),
}
NOTIFICATION = {"contact_groups": "contactGroups"}


def assignment(parent: str) -> Resource:
    return Resource(
        id=f"{{{parent}}}/providers/Microsoft.Authorization/policyAssignments/{{name}}",
        api=POLICY_API,
        fields=ASSIGNMENT,
    )


def budget(parent: str) -> Resource:
    return Resource(
        id=f"{{{parent}}}/providers/Microsoft.Consumption/budgets/{{name}}",
        api=BUDGET_API,
        always={"properties.category": "Cost"},
        fields={
            "etag": reads("eTag"),
            "notification": Block("properties.$notifications", NOTIFICATION),
            "filter": Block(
                "properties.$filter", {"dimension": Block("dimensions"), "tag": Block("tags")}
            ),
        },
    )


RESOURCES = {
    "azurerm_consumption_budget_resource_group": budget("resource_group_id"),
    "azurerm_consumption_budget_subscription": budget("subscription_id"),
    "azurerm_resource_group_policy_assignment": assignment("resource_group_id"),
    "azurerm_resource_policy_assignment": assignment("resource_id"),
}
LIFECYCLES = {
    "azurerm_consumption_budget_resource_group": Budget,
    "azurerm_consumption_budget_subscription": Budget,
    "azurerm_resource_group_policy_assignment": PolicyAssignment,
    "azurerm_resource_policy_assignment": PolicyAssignment,
}
DATA_SOURCES = {"azurerm_policy_definition": policy_definition}
