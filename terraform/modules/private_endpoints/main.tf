# Services of Azure with an address inside the network, and the names under which they are found there.

locals {
  # What Azure calls the part of a service that an endpoint leads to, and the zone of its names.
  kinds = {
    vault    = { part = "vault", zone = "privatelink.vaultcore.azure.net" }
    storage  = { part = "blob", zone = "privatelink.blob.core.windows.net" }
    registry = { part = "registry", zone = "privatelink.azurecr.io" }
  }
}

resource "azurerm_private_dns_zone" "this" {
  for_each = var.services

  name                = local.kinds[each.key].zone
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "this" {
  for_each = var.services

  name                = "${var.name}-vnet"
  private_dns_zone_id = azurerm_private_dns_zone.this[each.key].id
  virtual_network_id  = var.virtual_network_id
  tags                = var.tags
}

resource "azurerm_private_endpoint" "this" {
  for_each = var.services

  name                          = "${var.name}-pe-${each.key}"
  location                      = var.location
  resource_group_name           = var.resource_group_name
  subnet_id                     = var.subnet_id
  custom_network_interface_name = "${var.name}-nic-${each.key}"
  tags                          = var.tags

  private_service_connection {
    name                           = each.key
    private_connection_resource_id = each.value
    subresource_names              = [local.kinds[each.key].part]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.this[each.key].id]
  }
}
