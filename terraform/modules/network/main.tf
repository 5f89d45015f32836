# One virtual network with a subnet per kind of tenant. What is not opened below is closed.

resource "azurerm_virtual_network" "this" {
  name                = "${var.name}-vnet"
  location            = var.location
  resource_group_name = var.resource_group_name
  address_space       = [var.network.address_space]
  tags                = var.tags
}

resource "azurerm_subnet" "cluster" {
  name                 = "cluster"
  resource_group_name  = var.resource_group_name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [var.network.subnets.cluster]

  # Nodes have a way out of their own (`outbound`); Azure's implicit one would be a second.
  default_outbound_access_enabled = false

  # Without private endpoints, vault and storage account know their clients by this subnet, whatever
  # address they leave with.
  dynamic "service_endpoint" {
    for_each = var.network.private_endpoints ? [] : ["Microsoft.KeyVault", "Microsoft.Storage"]

    content {
      service = service_endpoint.value
    }
  }
}

resource "azurerm_subnet" "database" {
  name                 = "database"
  resource_group_name  = var.resource_group_name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [var.network.subnets.database]

  # The server archives its log to Azure Storage; this way stays open whatever the routes say.
  service_endpoint {
    service = "Microsoft.Storage"
  }

  delegation {
    name = "postgresql"

    service_delegation {
      name    = "Microsoft.DBforPostgreSQL/flexibleServers"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

# Private endpoints of vault, storage account and registry: the platform makes them.
resource "azurerm_subnet" "endpoints" {
  name                 = "endpoints"
  resource_group_name  = var.resource_group_name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [var.network.subnets.endpoints]

  # Without this, traffic to a private endpoint passes by the security group.
  private_endpoint_network_policies = "NetworkSecurityGroupEnabled"
  default_outbound_access_enabled   = false
}

# Only Application Gateway for Containers lives here.
resource "azurerm_subnet" "gateway" {
  count = var.network.subnets.gateway == null ? 0 : 1

  name                 = "gateway"
  resource_group_name  = var.resource_group_name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [var.network.subnets.gateway]

  delegation {
    name = "application-gateway-for-containers"

    service_delegation {
      name    = "Microsoft.ServiceNetworking/trafficControllers"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}
