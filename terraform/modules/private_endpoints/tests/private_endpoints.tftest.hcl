mock_provider "azurerm" {}

variables {
  name                = "test"
  location            = "centralus"
  resource_group_name = "test-rg"
  tags                = { environment = "test" }
  zone_ids = {
    vault    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/test-rg/providers/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net"
    storage  = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/test-rg/providers/Microsoft.Network/privateDnsZones/privatelink.blob.core.windows.net"
    registry = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/test-rg/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io"
  }
  subnet_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/test-rg/providers/Microsoft.Network/virtualNetworks/test-vnet/subnets/endpoints"
  services = {
    vault    = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/test-rg/providers/Microsoft.KeyVault/vaults/test-kv"
    storage  = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/test-rg/providers/Microsoft.Storage/storageAccounts/teststg"
    registry = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/test-rg/providers/Microsoft.ContainerRegistry/registries/testcr"
  }
}

run "each_service_is_found_under_the_name_that_azure_gives_it" {
  command = plan

  assert {
    condition     = alltrue([for service, endpoint in azurerm_private_endpoint.this : one(endpoint.private_dns_zone_group[0].private_dns_zone_ids) == var.zone_ids[service]])
    error_message = "Azure's own names must lead to the endpoints, so that no client needs another address."
  }

  assert {
    condition     = azurerm_private_endpoint.this["storage"].private_service_connection[0].subresource_names == tolist(["blob"])
    error_message = "The endpoint of the storage account leads to its blobs."
  }
}

run "nobody_has_to_approve_an_endpoint_by_hand" {
  command = plan

  assert {
    condition     = alltrue([for endpoint in azurerm_private_endpoint.this : !endpoint.private_service_connection[0].is_manual_connection])
    error_message = "Vault, account and registry are ours: the connection is approved at once."
  }
}

run "without_a_registry_there_is_no_endpoint_for_one" {
  command = plan

  variables {
    services = { vault = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/test-rg/providers/Microsoft.KeyVault/vaults/test-kv" }
  }

  assert {
    condition     = keys(azurerm_private_endpoint.this) == ["vault"]
    error_message = "There must be an endpoint for each service that was given, and no other."
  }
}

run "a_service_without_a_zone_is_refused" {
  command = plan

  variables {
    services = { search = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/test-rg/providers/Microsoft.Search/searchServices/test" }
  }

  expect_failures = [var.services]
}
