# The way out of the nodes, which must be there before the cluster is built. With `loadBalancer`, AKS makes it.

resource "azurerm_public_ip" "nat" {
  count = var.outbound == "natGateway" ? var.network.nat.addresses : 0

  name                = "${var.name}-ip-nat-${count.index + 1}"
  location            = var.location
  resource_group_name = var.resource_group_name
  allocation_method   = "Static"
  sku                 = "Standard"
  zones               = var.network.nat.zone == null ? null : [var.network.nat.zone]
  tags                = var.tags
}

resource "azurerm_nat_gateway" "this" {
  count = var.outbound == "natGateway" ? 1 : 0

  name                = "${var.name}-nat"
  location            = var.location
  resource_group_name = var.resource_group_name
  sku_name            = "Standard"
  zones               = var.network.nat.zone == null ? null : [var.network.nat.zone]
  tags                = var.tags
}

resource "azurerm_nat_gateway_public_ip_association" "this" {
  count = var.outbound == "natGateway" ? var.network.nat.addresses : 0

  nat_gateway_id       = azurerm_nat_gateway.this[0].id
  public_ip_address_id = azurerm_public_ip.nat[count.index].id
}

resource "azurerm_subnet_nat_gateway_association" "cluster" {
  count = var.outbound == "natGateway" ? 1 : 0

  subnet_id      = azurerm_subnet.cluster.id
  nat_gateway_id = azurerm_nat_gateway.this[0].id
}

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
