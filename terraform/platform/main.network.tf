# How the platform reaches Azure's services, and how the world reaches the platform.

module "private_endpoints" {
  source = "../modules/private_endpoints"

  name                = var.name
  location            = var.foundation.location
  resource_group_name = var.foundation.resource_group_name
  tags                = local.tags
  virtual_network_id  = var.foundation.virtual_network_id
  subnet_id           = var.foundation.endpoints_subnet_id
  services = var.network.private_endpoints ? merge(
    { vault = var.foundation.vault_id, storage = var.foundation.storage_account_id },
    # Only this SKU takes endpoints.
    var.registry.enabled && var.registry.sku == "Premium" ? { registry = var.foundation.registry_id } : {},
  ) : {}
}
