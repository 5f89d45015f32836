output "virtual_network_id" {
  description = "Id of the virtual network."
  value       = azurerm_virtual_network.this.id
}

output "cluster_subnet_id" {
  description = "Subnet of the nodes and of internal load balancers."
  value       = azurerm_subnet.cluster.id
}

output "database_subnet_id" {
  description = "Subnet that is delegated to PostgreSQL."
  value       = azurerm_subnet.database.id
}

output "endpoints_subnet_id" {
  description = "Subnet of private endpoints."
  value       = azurerm_subnet.endpoints.id
}
