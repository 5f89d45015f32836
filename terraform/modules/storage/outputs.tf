output "account_name" {
  description = "Name of the storage account."
  value       = azurerm_storage_account.this.name
}

output "account_id" {
  description = "Id of the storage account."
  value       = azurerm_storage_account.this.id
}

output "container_name" {
  description = "Container that holds the objects."
  value       = azurerm_storage_container.this.name
}

output "container_id" {
  description = "Id of the container; the scope of the roles on its objects."
  value       = azurerm_storage_container.this.id
}
