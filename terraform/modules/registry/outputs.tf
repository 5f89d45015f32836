output "id" {
  description = "Id of the registry; the scope of its role assignments."
  value       = azurerm_container_registry.this.id
}

output "login_server" {
  description = "Name under which charts and images are found."
  value       = azurerm_container_registry.this.login_server
}
