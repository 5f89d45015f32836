"""Microsoft.ContainerRegistry."""

from typing import Any

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.codecs import ENABLED, Codec, choice
from sandbox.terraform_provider.lifecycle import Lifecycle, Plan
from sandbox.terraform_provider.mapping import GROUP, Block, Part, Resource, at, derived, reads
from sandbox.terraform_provider.values import Object

API = "2025-11-01"
POLICY = choice("enabled", "disabled")
# azurerm shows a single address as a range, whatever the configuration says.
ADDRESS = Codec(decode=lambda value: value if "/" in value else f"{value}/32")


def retention(body: Object) -> Any:
    policy = bodies.get(body, "properties.policies.retentionPolicy") or {}
    return policy.get("days") if policy.get("status") == "enabled" else None


def put_retention(body: Object, days: int) -> None:
    policy = {"days": days, "status": "enabled" if days else "disabled"}
    bodies.put(body, "properties.policies.retentionPolicy", policy)


PREMIUM = {  # What only this price has; azurerm's words for it.
    "georeplications": "an ACR geo-replication can only be applied when using the Premium Sku",
    "quarantine_policy_enabled": (
        "an ACR quarantine policy can only be applied when using the Premium Sku. If you are "
        "downgrading from a Premium SKU please unset quarantine_policy_enabled"
    ),
    "retention_policy_in_days": (
        "an ACR retention policy can only be applied when using the Premium Sku. If you are "
        "downgrading from a Premium SKU please unset `retention_policy_in_days`"
    ),
    "encryption": "an ACR encryption can only be applied when using the Premium Sku",
    "zone_redundancy_enabled": "ACR zone redundancy can only be applied when using the Premium Sku",
    "data_endpoint_enabled": (
        "`data_endpoint_enabled` can only be applied when using the Premium Sku"
    ),
}


class Registry(Lifecycle):
    """What a registry may have depends on its price."""

    def correct(self, plan: Plan) -> None:
        sku, exports = str(plan.new("sku") or "").lower(), plan.planned["export_policy_enabled"]
        for attribute, reason in PREMIUM.items():
            plan.refuse_if(bool(plan.new(attribute)) and sku != "premium", reason)
        plan.refuse_if(
            exports is False and sku != "premium",
            "an ACR export policy can only be disabled when using the Premium Sku. If you are "
            "downgrading from a Premium SKU please unset `export_policy_enabled` or set "
            "`export_policy_enabled = true`",
        )
        plan.refuse_if(
            exports is False and bool(plan.new("public_network_access_enabled")),
            "to disable export of artifacts, `public_network_access_enabled` must also be `false`",
        )
        plan.refuse_if(
            bool(plan.new("anonymous_pull_enabled")) and sku not in ("standard", "premium"),
            "`anonymous_pull_enabled` can only be applied when using the Standard/Premium Sku",
        )


RESOURCES = {
    "azurerm_container_registry": Resource(
        id=f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/{{name}}",
        api=API,
        parts={
            "$credentials": Part(
                "/listCredentials",
                "POST",
                when=lambda body: bool(bodies.get(body, "properties.adminUserEnabled")),
            ),
        },
        fields={
            "admin_enabled": "properties.adminUserEnabled",
            "admin_username": reads("$credentials.username"),
            "admin_password": reads("$credentials.passwords.0.value"),
            "azuread_authentication_as_arm_policy_enabled": at(
                "properties.policies.azureADAuthenticationAsArmPolicy.status", POLICY
            ),
            "data_endpoint_host_names": reads("properties.dataEndpointHostNames"),
            "export_policy_enabled": at("properties.policies.exportPolicy.status", POLICY),
            "quarantine_policy_enabled": at("properties.policies.quarantinePolicy.status", POLICY),
            "retention_policy_in_days": derived(retention, put_retention),
            "network_rule_bypass_option": "properties.networkRuleBypassOptions",
            "network_rule_bypass_for_tasks_enabled": (
                "properties.networkRuleBypassAllowedForTasks"
            ),
            "network_rule_set": Block(
                fields={"ip_rule": Block("ipRules", {"ip_range": at("value", ADDRESS)})},
                off={"defaultAction": None},  # It is there whenever Azure shows one.
            ),
            "encryption": Block(
                fields={
                    "key_vault_key_id": "keyVaultProperties.keyIdentifier",
                    "identity_client_id": "keyVaultProperties.identity",
                },
                on={"status": "enabled"},
            ),
            "sku": "sku.name",
            "zone_redundancy_enabled": at("properties.zoneRedundancy", ENABLED),
            "georeplications": Block("properties.$replications", writable=False),
        },
    ),
    "azurerm_container_registry_cache_rule": Resource(
        id="{container_registry_id}/cacheRules/{name}",
        api="2023-07-01",
        fields={
            "credential_set_id": "properties.credentialSetResourceId",
            "source_repo": "properties.sourceRepository",
            "target_repo": "properties.targetRepository",
        },
    ),
}
LIFECYCLES = {"azurerm_container_registry": Registry}
