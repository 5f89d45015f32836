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

  # The storage account knows its clients by this subnet, whatever address they leave with.
  service_endpoint {
    service = "Microsoft.Storage"
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

# Reserved for private endpoints; the stacks make none.
resource "azurerm_subnet" "endpoints" {
  name                 = "endpoints"
  resource_group_name  = var.resource_group_name
  virtual_network_name = azurerm_virtual_network.this.name
  address_prefixes     = [var.network.subnets.endpoints]

  # Without this, traffic to a private endpoint passes by the security group.
  private_endpoint_network_policies = "NetworkSecurityGroupEnabled"
}

locals {
  # Pods keep their own addresses inside the cluster and take the node's address outside of it.
  inside = [var.network.subnets.cluster, var.network.pods]

  # A load balancer keeps the client's address, and the balancer's own is the destination, which Azure
  # gives out later. A rule for each client: Azure refuses ranges that overlap within one rule.
  edge = [
    for index, client in var.network.clients :
    { name = "web-from-client-${index + 1}", protocol = "Tcp", from = [client], to = ["*"], ports = ["80", "443"] }
  ]

  # Inbound openings by subnet. The order of the list is the order of evaluation.
  openings = {
    cluster = concat([
      { name = "nodes-and-pods", protocol = "*", from = local.inside, to = local.inside, ports = ["*"] },
      { name = "load-balancer-probes", protocol = "*", from = ["AzureLoadBalancer"], to = ["*"], ports = ["*"] },
    ], local.edge)
    database = [
      { name = "postgresql-from-cluster", protocol = "Tcp", from = [var.network.subnets.cluster], to = [var.network.subnets.database], ports = ["5432"] },
      # A standby follows its primary within the subnet, and the built-in pooler finds both.
      { name = "postgresql-replication", protocol = "Tcp", from = [var.network.subnets.database], to = [var.network.subnets.database], ports = ["5432", "6432"] },
      { name = "load-balancer-probes", protocol = "*", from = ["AzureLoadBalancer"], to = ["*"], ports = ["*"] },
    ]
    endpoints = [
      { name = "https-from-cluster", protocol = "Tcp", from = [var.network.subnets.cluster], to = [var.network.subnets.endpoints], ports = ["443"] },
    ]
  }
}

resource "azurerm_network_security_group" "this" {
  for_each = local.openings

  name                = "${var.name}-nsg-${each.key}"
  location            = var.location
  resource_group_name = var.resource_group_name
  tags                = var.tags

  # Azure has a field for one prefix (which may be a service tag) and another for several.
  dynamic "security_rule" {
    for_each = each.value
    iterator = opening

    content {
      name                         = opening.value.name
      priority                     = 100 + 10 * opening.key
      direction                    = "Inbound"
      access                       = "Allow"
      protocol                     = opening.value.protocol
      source_port_range            = "*"
      source_address_prefix        = length(opening.value.from) == 1 ? opening.value.from[0] : null
      source_address_prefixes      = length(opening.value.from) > 1 ? opening.value.from : null
      destination_address_prefix   = length(opening.value.to) == 1 ? opening.value.to[0] : null
      destination_address_prefixes = length(opening.value.to) > 1 ? opening.value.to : null
      destination_port_range       = length(opening.value.ports) == 1 ? opening.value.ports[0] : null
      destination_port_ranges      = length(opening.value.ports) > 1 ? opening.value.ports : null
    }
  }

  # Azure's own rules let the whole network in; this one stands before them.
  security_rule {
    name                       = "everything-else"
    priority                   = 4096
    direction                  = "Inbound"
    access                     = "Deny"
    protocol                   = "*"
    source_port_range          = "*"
    source_address_prefix      = "*"
    destination_address_prefix = "*"
    destination_port_range     = "*"
  }
}

resource "azurerm_subnet_network_security_group_association" "this" {
  for_each = {
    cluster   = azurerm_subnet.cluster.id
    database  = azurerm_subnet.database.id
    endpoints = azurerm_subnet.endpoints.id
  }

  subnet_id                 = each.value
  network_security_group_id = azurerm_network_security_group.this[each.key].id
}

# Nodes that reach the world through a firewall need a route to it before the cluster is built.
resource "azurerm_route_table" "outbound" {
  count = var.outbound == "userDefinedRouting" ? 1 : 0

  name                = "${var.name}-rt"
  location            = var.location
  resource_group_name = var.resource_group_name
  tags                = var.tags

  route {
    name                   = "world"
    address_prefix         = "0.0.0.0/0"
    next_hop_type          = "VirtualAppliance"
    next_hop_in_ip_address = var.network.firewall
  }
}

resource "azurerm_subnet_route_table_association" "cluster" {
  count = var.outbound == "userDefinedRouting" ? 1 : 0

  subnet_id      = azurerm_subnet.cluster.id
  route_table_id = azurerm_route_table.outbound[0].id
}
