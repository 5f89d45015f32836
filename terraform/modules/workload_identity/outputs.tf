output "subject" {
  description = "The service account as Azure knows it."
  value       = azurerm_federated_identity_credential.this.subject
}
