# Services of Azure with an address inside the network.

locals {
  # What Azure calls the part of a service that an endpoint leads to.
  parts = { vault = "vault", storage = "blob", registry = "registry" }
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
    subresource_names              = [local.parts[each.key]]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [var.zone_ids[each.key]]
  }
}
