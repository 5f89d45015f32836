"""Microsoft.KeyVault: vaults, with the deleted ones that Azure keeps for a while."""

from sandbox.terraform_provider import body as bodies
from sandbox.terraform_provider.codecs import IDS, VALUES
from sandbox.terraform_provider.errors import ProviderError
from sandbox.terraform_provider.lifecycle import Change, Lifecycle, about, prefixed
from sandbox.terraform_provider.mapping import GROUP, Block, Resource, at, describe, reads
from sandbox.terraform_provider.values import Object

API = "2026-02-01"


class Vault(Lifecycle):
    """A deleted vault keeps its name: it is recovered on create, and purged on destroy."""

    def prepare(self, body: Object, change: Change) -> None:
        self.refuse_weaker(change)
        if change.prior is None and self.deleted(change.planned) is not None:
            if not self.feature("recover_soft_deleted_key_vaults"):
                raise ProviderError(
                    f"An existing soft-deleted Key Vault exists with the Name "
                    f'"{change.planned["name"]}" in the location "{change.planned["location"]}"',
                    "Set `recover_soft_deleted_key_vaults` in the `features` block, purge the "
                    "vault, or choose another name.",
                )
            bodies.put(body, "properties.createMode", "recover")

    def refuse_weaker(self, change: Change) -> None:
        """What protects against deletion stays; azurerm plans the change, and refuses it here."""
        before = change.prior
        if before is None:
            return
        with prefixed(f"updating {describe(before['id'])}"):
            if before.get("purge_protection_enabled") and not change.planned.get(
                "purge_protection_enabled"
            ):
                raise ProviderError(
                    "once Purge Protection has been Enabled it's not possible to disable it"
                )
            if change.changed("soft_delete_retention_days"):
                raise ProviderError(
                    "once `soft_delete_retention_days` has been configured it cannot be modified"
                )

    def delete(self, prior: Object) -> None:
        super().delete(prior)
        if not self.feature("purge_soft_delete_on_destroy") or prior.get(
            "purge_protection_enabled"
        ):
            return
        with about("deleting", prior["id"]), prefixed("purging"):
            path = f"{self.deleted_path(prior)}/purge"
            deadline = self.deadline_of("delete", prior)
            reply = self.azure.call("POST", path, API, accept=(200, 202, 204, 404))
            self.azure.follow(reply, path, API, deadline)

    def feature(self, name: str) -> bool:
        return self.azure.settings.feature("key_vault", name, default=True)

    def deleted_path(self, vault: Object) -> str:
        place, name = vault["location"], vault["name"]
        return (
            f"/subscriptions/{self.azure.settings.subscription_id}/providers/Microsoft.KeyVault"
            f"/locations/{place}/deletedVaults/{name}"
        )

    def deleted(self, vault: Object) -> Object | None:
        found: Object | None = self.azure.find(self.deleted_path(vault), API)
        return found


RESOURCES = {
    "azurerm_key_vault": Resource(
        id=f"{GROUP}/providers/Microsoft.KeyVault/vaults/{{name}}",
        api=API,
        patched=True,
        always={"properties.sku.family": "A", "properties.enableSoftDelete": True},
        body={"properties": {"accessPolicies": []}},
        fields={
            "sku_name": "properties.sku.name",
            "rbac_authorization_enabled": "properties.enableRbacAuthorization",
            "purge_protection_enabled": "properties.enablePurgeProtection",
            "soft_delete_retention_days": "properties.softDeleteRetentionInDays",
            "vault_uri": reads("properties.vaultUri"),
            "network_acls": Block(
                fields={
                    "ip_rules": at("ipRules", VALUES),
                    "virtual_network_subnet_ids": at("virtualNetworkRules", IDS),
                }
            ),
            "access_policy": Block(
                "properties.accessPolicies",
                {
                    "key_permissions": "permissions.keys",
                    "secret_permissions": "permissions.secrets",
                    "certificate_permissions": "permissions.certificates",
                    "storage_permissions": "permissions.storage",
                },
            ),
        },
    ),
}
LIFECYCLES = {"azurerm_key_vault": Vault}
