# The vault. Roles decide who reads it; there are no access policies beside them.

resource "azurerm_key_vault" "this" {
  # checkov:skip=CKV_AZURE_189: Closed unless somebody is named; checkov does not compute it.
  # checkov:skip=CKV2_AZURE_32: The platform makes the private endpoint, in another stack.

  name                = join("-", compact([var.name, "kv", var.suffix]))
  location            = var.location
  resource_group_name = var.resource_group_name
  tenant_id           = var.tenant_id
  sku_name            = "standard"
  tags                = var.tags

  rbac_authorization_enabled = true
  purge_protection_enabled   = var.vault.purge_protection
  soft_delete_retention_days = var.vault.retention_days

  # Azure's own default is an open door. Whoever is not named here needs a private endpoint; when nobody is
  # named, there is no public door at all.
  public_network_access_enabled = length(var.subnet_ids) + length(var.vault.allowed) > 0

  network_acls {
    bypass                     = "AzureServices" # Azure's own services, such as backup; AKS is none of them.
    default_action             = "Deny"
    ip_rules                   = var.vault.allowed
    virtual_network_subnet_ids = var.subnet_ids
  }
}
