mock_provider "azurerm" {
  mock_resource "azurerm_private_dns_zone" {
    defaults = {
      id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/test-rg/providers/Microsoft.Network/privateDnsZones/zone"
    }
  }
}

variables {
  name                = "test"
  resource_group_name = "test-rg"
  tags                = { environment = "test" }
  virtual_network_id  = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/test-rg/providers/Microsoft.Network/virtualNetworks/test-vnet"
  zones               = { vault = "privatelink.vaultcore.azure.net", database = "test.private.postgres.database.azure.com" }
}

run "each_zone_is_known_in_the_network" {
  command = apply

  assert {
    condition     = keys(output.zone_ids) == ["database", "vault"]
    error_message = "Each service must have its zone."
  }

  assert {
    condition = alltrue([
      for service, link in azurerm_private_dns_zone_virtual_network_link.this :
      link.virtual_network_id == var.virtual_network_id && link.private_dns_zone_id == output.zone_ids[service]
    ])
    error_message = "A zone without a link answers nobody."
  }
}

run "without_a_service_there_is_no_zone" {
  command = plan

  variables {
    zones = {}
  }

  assert {
    condition     = length(azurerm_private_dns_zone.this) + length(azurerm_private_dns_zone_virtual_network_link.this) == 0
    error_message = "Nobody asked for a zone."
  }
}
