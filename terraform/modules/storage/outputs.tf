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
