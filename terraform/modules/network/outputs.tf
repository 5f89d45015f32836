output "virtual_network_id" {
  description = "Id of the virtual network."
  value       = azurerm_virtual_network.this.id
}

output "cluster_subnet_id" {
  description = "Subnet of the nodes and of internal load balancers."
  value       = azurerm_subnet.cluster.id

  # Azure lets nobody refer to a subnet while it changes a subnet of the same network.
  depends_on = [
    azurerm_subnet_network_security_group_association.this,
    azurerm_subnet_route_table_association.cluster,
    azurerm_subnet_nat_gateway_association.cluster,
    # Nodes that start before the gateway has an address reach nobody.
    azurerm_nat_gateway_public_ip_association.this,
    azurerm_virtual_network_peering.to_hub,
    azurerm_virtual_network_peering.from_hub,
  ]
}

output "database_subnet_id" {
  description = "Subnet that is delegated to PostgreSQL."
  value       = azurerm_subnet.database.id
}

output "endpoints_subnet_id" {
  description = "Subnet of the private endpoints."
  value       = azurerm_subnet.endpoints.id
}

output "gateway_subnet_id" {
  description = "Subnet that is delegated to Application Gateway for Containers; null without one."
  value       = one(azurerm_subnet.gateway[*].id)
}

output "outbound_addresses" {
  description = "Public addresses with which nodes reach the world through the NAT gateway; empty otherwise."
  value       = azurerm_public_ip.nat[*].ip_address
}
