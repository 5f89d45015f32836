"""Microsoft.ManagedIdentity."""

from sandbox.terraform_provider.mapping import GROUP, Resource, at

IDENTITIES = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities"

RESOURCES = {
    "azurerm_user_assigned_identity": Resource(id=f"{IDENTITIES}/{{name}}", api="2024-11-30"),
    "azurerm_federated_identity_credential": Resource(
        id="{user_assigned_identity_id}/federatedIdentityCredentials/{name}",
        api="2024-11-30",
        fields={"audience": at("properties.audiences")},
        one_at_a_time=True,
    ),
}
