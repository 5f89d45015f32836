"""What the providers around a cluster refuse, and what they make of what they accept."""

from typing import Any

import pytest

from sandbox.arm import SUBSCRIPTION
from tests.sandbox.conftest import Azure, error_of

WORKSPACE = "Microsoft.OperationalInsights/workspaces/logs"
WAF = "Microsoft.Network/applicationGatewayWebApplicationFirewallPolicies/waf"
CONTROLLER = "Microsoft.ServiceNetworking/trafficControllers/edge"
EUROPE = {"location": "westeurope"}


def budget(start: str = "2030-01-01T00:00:00Z", amount: int = 10) -> dict[str, Any]:
    period = {"startDate": start}
    return {"properties": {"amount": amount, "timeGrain": "Monthly", "timePeriod": period}}


def put(azure: Azure, path: str, **properties: Any) -> str:
    """Make something, and return its id."""
    answer = azure.arm("PUT", path, EUROPE | {"properties": properties})
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


def test_a_rule_that_collects_for_a_missing_workspace_is_refused(azure: Azure) -> None:
    missing = f"{azure.group}/providers/{WORKSPACE}"
    properties = {
        "destinations": {"logAnalytics": [{"name": "logs", "workspaceResourceId": missing}]},
        "dataFlows": [{"streams": ["Microsoft-Syslog"], "destinations": ["logs"]}],
    }

    answer = azure.arm(
        "PUT",
        "Microsoft.Insights/dataCollectionRules/rule",
        EUROPE | {"properties": properties},
    )

    assert error_of(answer) == (400, "InvalidResourceReference")
    assert missing in answer.json()["error"]["message"]


def test_a_diagnostic_setting_sends_only_what_its_resource_has(azure: Azure) -> None:
    workspace, vault = put(azure, WORKSPACE), azure.new_vault()
    path = f"{vault}/providers/Microsoft.Insights/diagnosticSettings/logs"

    def setting(category: str) -> dict[str, Any]:
        logs = [{"category": category, "enabled": True}]
        return {"properties": {"workspaceId": workspace, "logs": logs}}

    wrong = azure.arm("PUT", path, setting("kube-audit"))
    right = azure.arm("PUT", path, setting("AuditEvent"))

    assert error_of(wrong) == (400, "BadRequest")
    assert right.status_code == 200


def test_two_diagnostic_settings_do_not_send_the_same_to_one_place(azure: Azure) -> None:
    workspace, vault = put(azure, WORKSPACE), azure.new_vault()
    settings = f"{vault}/providers/Microsoft.Insights/diagnosticSettings"
    logs = [{"category": "AuditEvent", "enabled": True}]
    body = {"properties": {"workspaceId": workspace, "logs": logs}}
    azure.arm("PUT", f"{settings}/logs", body)

    second = azure.arm("PUT", f"{settings}/again", body)
    again = azure.arm("PUT", f"{settings}/logs", body)

    assert error_of(second) == (409, "Conflict")
    assert "already used in diagnostic setting 'logs'" in second.json()["error"]["message"]
    assert again.status_code == 200


def test_a_diagnostic_setting_goes_with_its_resource(azure: Azure) -> None:
    workspace, vault = put(azure, WORKSPACE), azure.new_vault()
    path = f"{vault}/providers/Microsoft.Insights/diagnosticSettings/logs"
    azure.arm("PUT", path, {"properties": {"workspaceId": workspace}})

    azure.arm("DELETE", vault)

    assert azure.arm("GET", path).status_code == 404


def test_a_workspace_for_metrics_comes_with_an_endpoint_and_a_rule(azure: Azure) -> None:
    account = azure.arm("PUT", "Microsoft.Monitor/accounts/metrics", EUROPE).json()
    settings = account["properties"]["defaultIngestionSettings"]

    rule = azure.arm("GET", settings["dataCollectionRuleResourceId"])
    azure.arm("DELETE", account["id"])

    assert rule.status_code == 200
    assert azure.arm("GET", settings["dataCollectionRuleResourceId"]).status_code == 404


@pytest.mark.parametrize(
    "body", [budget("2030-01-02T00:00:00Z"), budget(amount=0)], ids=["in mid-month", "of nothing"]
)
def test_a_budget_that_azure_refuses_is_refused(azure: Azure, body: dict[str, Any]) -> None:
    path = f"{azure.group}/providers/Microsoft.Consumption/budgets/month"

    assert error_of(azure.arm("PUT", path, body)) == (400, "400")


def test_a_budget_may_be_the_subscriptions(azure: Azure) -> None:
    path = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Consumption/budgets/month"

    made, found = azure.arm("PUT", path, budget()), azure.arm("GET", path)
    gone = azure.arm("DELETE", path)

    assert (made.status_code, found.status_code) == (201, 200), made.text
    assert gone.status_code == 200


def test_a_firewall_policy_in_use_cannot_be_deleted(azure: Azure) -> None:
    rules = {"managedRuleSets": [{"ruleSetType": "OWASP", "ruleSetVersion": "3.2"}]}
    policy = put(azure, WAF, managedRules=rules)
    put(azure, CONTROLLER)
    put(azure, f"{CONTROLLER}/securityPolicies/waf", wafPolicy={"id": policy})

    answer = azure.arm("DELETE", policy)

    assert error_of(answer) == (400, "ApplicationGatewayFirewallPolicyCannotBeDeleted")


def test_a_balancer_takes_only_a_subnet_that_is_delegated_to_it(azure: Azure) -> None:
    put(
        azure,
        "Microsoft.Network/virtualNetworks/net",
        addressSpace={"addressPrefixes": ["10.0.0.0/16"]},
    )
    subnet = put(
        azure, "Microsoft.Network/virtualNetworks/net/subnets/a", addressPrefix="10.0.1.0/24"
    )
    put(azure, CONTROLLER)
    wanted = {"associationType": "subnets", "subnet": {"id": subnet}}

    answer = azure.arm("PUT", f"{CONTROLLER}/associations/a", EUROPE | {"properties": wanted})

    assert error_of(answer) == (400, "SubnetMustBeDelegated")


def test_networks_that_overlap_are_not_peered(azure: Azure) -> None:
    same = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    one, other = (put(azure, f"Microsoft.Network/virtualNetworks/{name}", **same) for name in "ab")
    body = {"properties": {"remoteVirtualNetwork": {"id": other}}}

    answer = azure.arm("PUT", f"{one}/virtualNetworkPeerings/ab", body)

    assert error_of(answer) == (400, "VnetAddressSpacesOverlap")


def test_an_identity_of_a_resources_own_holds_roles_until_the_resource_goes(azure: Azure) -> None:
    body = EUROPE | {"sku": {"name": "Standard"}, "identity": {"type": "SystemAssigned"}}
    grafana = azure.arm("PUT", "Microsoft.Dashboard/grafana/board", body).json()
    principal = grafana["identity"]["principalId"]
    again = azure.arm("PUT", "Microsoft.Dashboard/grafana/board", body).json()

    granted = azure.grant("Reader", principal, azure.group, principalType="")
    azure.arm("DELETE", grafana["id"])

    assert again["identity"]["principalId"] == principal
    assert granted.status_code == 201
    assert principal not in azure.cloud.store.principals


def test_secrets_of_flux_are_kept_and_not_shown(azure: Azure) -> None:
    cluster = azure.arm(
        "PUT",
        "Microsoft.ContainerService/managedClusters/aks",
        EUROPE
        | {
            "identity": {"type": "SystemAssigned"},
            "properties": {
                "dnsPrefix": "aks",
                "agentPoolProfiles": [
                    {"name": "system", "mode": "System", "vmSize": "Standard_D4s_v5", "count": 1}
                ],
            },
        },
    ).json()["id"]
    path = f"{cluster}/providers/Microsoft.KubernetesConfiguration/fluxConfigurations/apps"
    properties = {
        "sourceKind": "GitRepository",
        "gitRepository": {"url": "https://example.com/a.git", "repositoryRef": {"branch": "main"}},
        "kustomizations": {"apps": {"path": "./apps"}},
        "configurationProtectedSettings": {"httpsKey": "very-secret"},
    }

    answer = azure.arm("PUT", path, {"properties": properties})

    assert answer.status_code == 201
    assert "very-secret" not in azure.arm("GET", path).text


def test_a_custom_role_allows_what_it_says_at_once_after_a_change(azure: Azure) -> None:
    subscription = f"/subscriptions/{azure.identity.subscription}"
    base = f"{subscription}/providers/Microsoft.Authorization/roleDefinitions"
    role = f"{base}/11111111-1111-4111-8111-111111111111"
    reader = azure.new_identity()["principalId"]

    def define(*actions: str) -> int:
        wanted = {"roleName": "Looker", "permissions": [{"actions": list(actions)}]}
        return int(azure.arm("PUT", role, {"properties": wanted}).status_code)

    made = define("Microsoft.Network/*/read")
    azure.grant("Looker", reader, azure.group)
    before = azure.arm("GET", azure.group, headers=azure.of(reader)).status_code
    define("Microsoft.Resources/*/read")
    after = azure.arm("GET", azure.group, headers=azure.of(reader)).status_code
    held = azure.arm("DELETE", role)

    assert (made, before, after) == (201, 403, 200)
    assert error_of(held) == (400, "RoleDefinitionHasAssignments")
