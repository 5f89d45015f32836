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
  ]
}

output "database_subnet_id" {
  description = "Subnet that is delegated to PostgreSQL."
  value       = azurerm_subnet.database.id
}

output "endpoints_subnet_id" {
  description = "Subnet that is reserved for private endpoints; the stacks make none."
  value       = azurerm_subnet.endpoints.id
}
