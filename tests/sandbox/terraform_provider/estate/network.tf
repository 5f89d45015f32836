resource "azurerm_virtual_network" "this" {
  name                = "estate-vnet"
  location            = local.place
  resource_group_name = local.group
  address_space       = ["10.0.0.0/16"]
  tags                = local.tags
}

resource "azurerm_virtual_network" "hub" {
  name                = "estate-hub"
  location            = local.place
  resource_group_name = local.group
  address_space       = ["10.1.0.0/16"]
}

resource "azurerm_virtual_network_peering" "hub" {
  name                      = "to-hub"
  resource_group_name       = local.group
  virtual_network_name      = azurerm_virtual_network.this.name
  remote_virtual_network_id = azurerm_virtual_network.hub.id
  allow_forwarded_traffic   = local.later
}

resource "azurerm_subnet" "cluster" {
  name                 = "cluster"
  resource_group_name  = local.group
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = ["10.0.0.0/22"]

  dynamic "service_endpoint" {
    for_each = local.later ? ["Microsoft.Storage"] : []
    content {
      service = service_endpoint.value
    }
  }
}

resource "azurerm_subnet" "gateway" {
  name                 = "gateway"
  resource_group_name  = local.group
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = ["10.0.8.0/24"]
}

resource "azurerm_subnet" "endpoints" {
  name                 = "endpoints"
  resource_group_name  = local.group
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = ["10.0.9.0/24"]
}

resource "azurerm_subnet" "database" {
  name                 = "database"
  resource_group_name  = local.group
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = ["10.0.10.0/24"]

  delegation {
    name = "postgresql"
    service_delegation {
      name    = "Microsoft.DBforPostgreSQL/flexibleServers"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_subnet" "balancer" {
  name                 = "balancer"
  resource_group_name  = local.group
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = ["10.0.11.0/24"]

  delegation {
    name = "balancer"
    service_delegation {
      name    = "Microsoft.ServiceNetworking/trafficControllers"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action"]
    }
  }
}

resource "azurerm_network_security_group" "this" {
  name                = "estate-nsg"
  location            = local.place
  resource_group_name = local.group
  tags                = local.tags
}

resource "azurerm_network_security_rule" "web" {
  name                        = "web"
  resource_group_name         = local.group
  network_security_group_name = azurerm_network_security_group.this.name
  priority                    = local.later ? 110 : 100
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_port_range           = "*"
  source_address_prefix       = "Internet"
  destination_port_range      = "443"
  destination_address_prefix  = "*"
}

resource "azurerm_subnet_network_security_group_association" "endpoints" {
  subnet_id                 = azurerm_subnet.endpoints.id
  network_security_group_id = azurerm_network_security_group.this.id
}

resource "azurerm_application_security_group" "this" {
  name                = "estate-asg"
  location            = local.place
  resource_group_name = local.group
  tags                = local.tags
}

resource "azurerm_route_table" "this" {
  name                          = "estate-rt"
  location                      = local.place
  resource_group_name           = local.group
  bgp_route_propagation_enabled = !local.later

  route {
    name           = "out"
    address_prefix = "0.0.0.0/0"
    next_hop_type  = "Internet"
  }
}

resource "azurerm_subnet_route_table_association" "endpoints" {
  subnet_id      = azurerm_subnet.endpoints.id
  route_table_id = azurerm_route_table.this.id
}

resource "azurerm_public_ip" "outbound" {
  name                    = "estate-outbound"
  location                = local.place
  resource_group_name     = local.group
  allocation_method       = "Static"
  sku                     = "Standard"
  idle_timeout_in_minutes = local.later ? 10 : 4
}

resource "azurerm_public_ip_prefix" "this" {
  name                = "estate-prefix"
  location            = local.place
  resource_group_name = local.group
  prefix_length       = local.anew ? 30 : 31
  tags                = local.tags
}

resource "azurerm_nat_gateway" "this" {
  name                    = "estate-nat"
  location                = local.place
  resource_group_name     = local.group
  sku_name                = "Standard"
  idle_timeout_in_minutes = local.later ? 20 : 10
}

resource "azurerm_nat_gateway_public_ip_association" "this" {
  nat_gateway_id       = azurerm_nat_gateway.this.id
  public_ip_address_id = azurerm_public_ip.outbound.id
}

resource "azurerm_nat_gateway_public_ip_prefix_association" "this" {
  nat_gateway_id      = azurerm_nat_gateway.this.id
  public_ip_prefix_id = azurerm_public_ip_prefix.this.id
}

resource "azurerm_subnet_nat_gateway_association" "cluster" {
  subnet_id      = azurerm_subnet.cluster.id
  nat_gateway_id = azurerm_nat_gateway.this.id
}

resource "azurerm_private_dns_zone" "vault" {
  name                = "privatelink.vaultcore.azure.net"
  resource_group_name = local.group
  tags                = local.tags
}

resource "azurerm_private_dns_zone_virtual_network_link" "vault" {
  name                 = "estate"
  private_dns_zone_id  = azurerm_private_dns_zone.vault.id
  virtual_network_id   = azurerm_virtual_network.this.id
  registration_enabled = local.later
}

resource "azurerm_private_dns_a_record" "this" {
  name                = "host"
  private_dns_zone_id = azurerm_private_dns_zone.vault.id
  ttl                 = local.later ? 60 : 300
  records             = local.later ? ["10.0.0.9"] : ["10.0.0.8", "10.0.0.9"]
}

resource "azurerm_private_dns_cname_record" "this" {
  name                = "alias"
  private_dns_zone_id = azurerm_private_dns_zone.vault.id
  ttl                 = 300
  record              = local.later ? "b.example.com" : "a.example.com"
}

resource "azurerm_dns_zone" "this" {
  name                = "estate.example.com"
  resource_group_name = local.group
  tags                = local.tags
}

resource "azurerm_dns_a_record" "this" {
  name                = "api"
  zone_name           = azurerm_dns_zone.this.name
  resource_group_name = local.group
  ttl                 = local.later ? 60 : 300
  records             = [azurerm_public_ip.outbound.ip_address]
}

resource "azurerm_dns_txt_record" "this" {
  name                = "txt"
  zone_name           = azurerm_dns_zone.this.name
  resource_group_name = local.group
  ttl                 = 300

  record {
    value = local.later ? "later" : "first"
  }
}

resource "azurerm_private_endpoint" "vault" {
  name                = "estate-pe"
  location            = local.place
  resource_group_name = local.group
  subnet_id           = azurerm_subnet.endpoints.id
  tags                = local.tags

  private_service_connection {
    name                           = "vault"
    private_connection_resource_id = azurerm_key_vault.this.id
    subresource_names              = ["vault"]
    is_manual_connection           = false
  }

  private_dns_zone_group {
    name                 = "default"
    private_dns_zone_ids = [azurerm_private_dns_zone.vault.id]
  }

  depends_on = [azurerm_subnet_route_table_association.endpoints] # One change of a subnet at a time.
}

data "azurerm_private_endpoint_connection" "vault" {
  name                = azurerm_private_endpoint.vault.name
  resource_group_name = local.group
}

data "azurerm_subnet" "cluster" {
  name                 = azurerm_subnet.cluster.name
  virtual_network_name = azurerm_virtual_network.this.name
  resource_group_name  = local.group
}

data "azurerm_public_ip" "outbound" {
  name                = azurerm_public_ip.outbound.name
  resource_group_name = local.group
}
