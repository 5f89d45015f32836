# What Azure would give: ids in the form that azurerm demands where one resource names another.

mock_resource "azurerm_application_load_balancer" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.ServiceNetworking/trafficControllers/mock"
  }
}

mock_resource "azurerm_container_registry" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.ContainerRegistry/registries/mock"
  }
}

mock_resource "azurerm_dashboard_grafana" {
  defaults = {
    id       = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.Dashboard/grafana/mock"
    endpoint = "https://test-g-0123456789abcdef.cus.grafana.azure.com"
  }
}

mock_resource "azurerm_key_vault" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.KeyVault/vaults/mock"
  }
}

mock_resource "azurerm_kubernetes_cluster" {
  defaults = {
    id                     = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.ContainerService/managedClusters/mock"
    node_resource_group_id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/MC_mock"
    oidc_issuer_url        = "https://centralus.oic.prod-aks.azure.com/mock/"
  }
}

mock_resource "azurerm_log_analytics_workspace" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.OperationalInsights/workspaces/mock"
  }
}

mock_resource "azurerm_monitor_action_group" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.Insights/actionGroups/mock"
  }
}

mock_resource "azurerm_monitor_data_collection_endpoint" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.Insights/dataCollectionEndpoints/mock"
  }
}

mock_resource "azurerm_monitor_data_collection_rule" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.Insights/dataCollectionRules/mock"
  }
}

mock_resource "azurerm_monitor_workspace" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.Monitor/accounts/mock"
  }
}

mock_resource "azurerm_nat_gateway" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.Network/natGateways/mock"
  }
}

mock_resource "azurerm_network_security_group" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.Network/networkSecurityGroups/mock"
  }
}

mock_resource "azurerm_postgresql_flexible_server" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.DBforPostgreSQL/flexibleServers/mock"
  }
}

mock_resource "azurerm_private_dns_zone" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.Network/privateDnsZones/mock"
  }
}

mock_resource "azurerm_public_ip" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.Network/publicIPAddresses/mock"
  }
}

mock_resource "azurerm_resource_group" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg"
  }
}

mock_resource "azurerm_route_table" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.Network/routeTables/mock"
  }
}

mock_resource "azurerm_storage_account" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.Storage/storageAccounts/mock"
  }
}

mock_resource "azurerm_storage_container" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.Storage/storageAccounts/mock/blobServices/default/containers/mock"
  }
}

mock_resource "azurerm_subnet" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.Network/virtualNetworks/mock/subnets/mock"
  }
}

mock_resource "azurerm_user_assigned_identity" {
  defaults = {
    id           = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mock"
    client_id    = "22222222-2222-2222-2222-222222222222"
    principal_id = "33333333-3333-3333-3333-333333333333"
  }
}

mock_resource "azurerm_virtual_network" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.Network/virtualNetworks/mock"
  }
}

mock_resource "azurerm_web_application_firewall_policy" {
  defaults = {
    id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/mock-rg/providers/Microsoft.Network/applicationGatewayWebApplicationFirewallPolicies/mock"
  }
}
