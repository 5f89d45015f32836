output "configuration_id" {
  description = "Id of the Flux configuration; `az k8s-configuration flux show --ids` tells how far it is."
  value       = azurerm_kubernetes_flux_configuration.this.id
}
