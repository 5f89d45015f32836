# The vault. Roles decide who reads it; there are no access policies beside them.

resource "azurerm_key_vault" "this" {
  name                = join("-", compact([var.name, "kv", var.suffix]))
  location            = var.location
  resource_group_name = var.resource_group_name
  tenant_id           = var.tenant_id
  sku_name            = "standard"
  tags                = var.tags

  rbac_authorization_enabled = true
  purge_protection_enabled   = var.vault.purge_protection
  soft_delete_retention_days = var.vault.retention_days

  # Secrets are seeded from outside the network, so the door is open and roles are the lock. Said
  # aloud because Azure closes new vaults when nothing is said.
  network_acls {
    bypass         = "AzureServices"
    default_action = "Allow"
  }
}
