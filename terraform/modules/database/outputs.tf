output "host" {
  description = "Name under which the server is found inside the network."
  value       = azurerm_postgresql_flexible_server.this.fqdn
}

output "server_name" {
  description = "Name of the server."
  value       = azurerm_postgresql_flexible_server.this.name
}

output "server_id" {
  description = "Id of the server."
  value       = azurerm_postgresql_flexible_server.this.id
}

output "name" {
  description = "Name of the database, once it may be used: its extensions are allowed."
  value       = azurerm_postgresql_flexible_server_database.this.name

  # Before, Azure refuses to create an extension.
  depends_on = [azurerm_postgresql_flexible_server_configuration.this]
}

output "login" {
  description = "Name of the administrator."
  value       = azurerm_postgresql_flexible_server.this.administrator_login
}
