"""Microsoft.Resources: resource groups, subscriptions, and who is asking."""

import base64

from sandbox.terraform_provider.azure import Azure
from sandbox.terraform_provider.errors import ProviderError
from sandbox.terraform_provider.lifecycle import Lifecycle, about
from sandbox.terraform_provider.mapping import Resource
from sandbox.terraform_provider.values import Object

NESTED = "prevent_deletion_if_contains_resources"


class ResourceGroup(Lifecycle):
    """A group that still has resources is deleted only when the `features` block says so."""

    def delete(self, prior: Object) -> None:
        if self.azure.settings.feature("resource_group", NESTED, default=True):
            self.refuse_full(prior["id"])
        super().delete(prior)

    def refuse_full(self, group: str) -> None:
        with about("deleting", group):
            path = f"{group}/resources?$expand=provisioningState&$top=10"
            reply = self.azure.call("GET", path, self.table.api, accept=(200, 404))
        inside = [item["id"] for item in (reply.body or {}).get("value", [])]
        if inside:
            listed = "\n".join(f"* `{resource_id}`" for resource_id in sorted(inside))
            raise ProviderError(
                f'deleting Resource Group "{group.rsplit("/", 1)[1]}": '
                "the Resource Group still contains Resources.",
                "Terraform is configured to check for Resources within the Resource Group when "
                "deleting the Resource Group - and raise an error if nested Resources still exist "
                f"to avoid unintentionally deleting these Resources.\n\n{listed}\n\nSet `{NESTED}` "
                "in the `features` block to `false` to delete them with the group.",
            )


def client_config(azure: Azure, _configuration: Object) -> Object:
    claims, settings = azure.tokens.claims(), azure.settings
    parts = (
        f"clientId={settings.client_id}",
        f"objectId={claims['oid']}",
        f"subscriptionId={settings.subscription_id}",
        f"tenantId={settings.tenant_id}",
    )
    return {
        "id": base64.b64encode(f"clientConfigs/{';'.join(parts)}".encode()).decode(),
        "client_id": settings.client_id,
        "object_id": claims["oid"],
        "subscription_id": settings.subscription_id,
        "tenant_id": settings.tenant_id,
    }


def described(found: Object) -> Object:
    policies = found.get("subscriptionPolicies") or {}
    return {
        "id": found["id"],
        "subscription_id": found["subscriptionId"],
        "display_name": found.get("displayName"),
        "tenant_id": found.get("tenantId"),
        "state": found.get("state"),
        "location_placement_id": policies.get("locationPlacementId"),
        "quota_id": policies.get("quotaId"),
        "spending_limit": policies.get("spendingLimit"),
        "tags": found.get("tags"),
    }


def subscription(azure: Azure, configuration: Object) -> Object:
    wanted = configuration.get("subscription_id") or azure.settings.subscription_id
    found = azure.find(f"/subscriptions/{wanted}", "2022-12-01")
    if found is None:
        raise ProviderError(f'Subscription "{wanted}" was not found')
    return described(found)


def subscriptions(azure: Azure, configuration: Object) -> Object:
    found = azure.call("GET", "/subscriptions", "2022-12-01").body["value"]
    prefix = (configuration.get("display_name_prefix") or "").lower()
    part = (configuration.get("display_name_contains") or "").lower()
    names = [(item, (item.get("displayName") or "").lower()) for item in found]
    kept = [item for item, name in names if name.startswith(prefix) and part in name]
    return {**configuration, "id": "subscriptions", "subscriptions": list(map(described, kept))}


RESOURCES = {
    "azurerm_resource_group": Resource(
        id="/subscriptions/{subscription}/resourceGroups/{name}",
        api="2023-07-01",
        fields={"managed_by": "managedBy"},
        patched=True,
        body={},
    ),
}
LIFECYCLES = {"azurerm_resource_group": ResourceGroup}
DATA_SOURCES = {
    "azurerm_client_config": client_config,
    "azurerm_subscription": subscription,
    "azurerm_subscriptions": subscriptions,
}
