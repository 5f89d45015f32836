output "name" {
  description = "Name of the cluster."
  value       = azurerm_kubernetes_cluster.this.name
}

output "id" {
  description = "Id of the cluster."
  value       = azurerm_kubernetes_cluster.this.id
}

output "oidc_issuer_url" {
  description = "Who signs the tokens of the cluster's service accounts; federated credentials trust this address."
  value       = azurerm_kubernetes_cluster.this.oidc_issuer_url
}
