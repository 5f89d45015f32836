# What may come in, by subnet. The order of each list is the order of evaluation; what no rule lets in is refused.

locals {
  subnets = merge(
    {
      cluster   = azurerm_subnet.cluster.id
      database  = azurerm_subnet.database.id
      endpoints = azurerm_subnet.endpoints.id
    },
    { for subnet in azurerm_subnet.gateway : "gateway" => subnet.id },
  )

  # Pods keep their own addresses inside the cluster and take the node's address outside of it.
  inside = [var.network.subnets.cluster, var.network.pods]

  # A load balancer keeps the client's address, and the balancer's own is the destination, which Azure
  # gives out later. A rule for each client: Azure refuses ranges that overlap within one rule.
  clients = [
    for index, client in var.network.clients :
    { name = "web-from-client-${index + 1}", protocol = "Tcp", from = [client], to = ["*"], ports = ["80", "443"] }
  ]

  probes = [
    { name = "load-balancer-probes", protocol = "*", from = ["AzureLoadBalancer"], to = ["*"], ports = ["*"] },
  ]

  openings = merge(
    {
      cluster = concat(
        [{ name = "nodes-and-pods", protocol = "*", from = local.inside, to = local.inside, ports = ["*"] }],
        local.probes,
        # The gateway talks to the pods themselves; which of their ports is decided in the cluster.
        [
          for range in var.gateway ? compact([var.network.subnets.gateway]) : [] :
          { name = "pods-from-gateway", protocol = "Tcp", from = [range], to = [var.network.pods], ports = ["*"] }
        ],
        # Behind a gateway, clients meet the gateway alone.
        var.gateway ? [] : local.clients,
      )
      database = concat(
        [
          { name = "postgresql-from-cluster", protocol = "Tcp", from = [var.network.subnets.cluster], to = [var.network.subnets.database], ports = var.database_ports },
          # A standby follows its primary within the subnet, and the built-in pooler finds both.
          { name = "postgresql-replication", protocol = "Tcp", from = [var.network.subnets.database], to = [var.network.subnets.database], ports = ["5432", "6432"] },
        ],
        local.probes,
      )
      endpoints = concat(
        [{ name = "https-from-cluster", protocol = "Tcp", from = [var.network.subnets.cluster], to = [var.network.subnets.endpoints], ports = ["443"] }],
        [
          for index, range in var.network.deployers :
          { name = "https-from-deployer-${index + 1}", protocol = "Tcp", from = [range], to = [var.network.subnets.endpoints], ports = ["443"] }
        ],
      )
    },
    { for range in compact([var.network.subnets.gateway]) : "gateway" => concat(local.clients, local.probes) },
  )
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
  for_each = local.subnets

  subnet_id                 = each.value
  network_security_group_id = azurerm_network_security_group.this[each.key].id
}
