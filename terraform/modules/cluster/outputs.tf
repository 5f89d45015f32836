output "name" {
  description = "Name of the cluster."
  value       = azurerm_kubernetes_cluster.this.name
}

output "id" {
  description = "Id of the cluster."
  value       = azurerm_kubernetes_cluster.this.id
}

output "node_resource_group_id" {
  description = "Group in which AKS keeps the cluster's nodes."
  value       = azurerm_kubernetes_cluster.this.node_resource_group_id
}

output "oidc_issuer_url" {
  description = "Who signs the tokens of the cluster's service accounts; federated credentials trust this address."
  value       = azurerm_kubernetes_cluster.this.oidc_issuer_url
}

output "ready_id" {
  description = "Id of the cluster, once its pools are there."
  value       = azurerm_kubernetes_cluster.this.id

  # Whoever brings pods asks for this id: they find nodes only now.
  depends_on = [azurerm_kubernetes_cluster_node_pool.this]
}
