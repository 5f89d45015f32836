output "resource_group_name" {
  description = "Resource group that holds everything."
  value       = azurerm_resource_group.this.name
}

output "resource_group_id" {
  description = "Id of the resource group; a scope for what concerns the whole environment."
  value       = azurerm_resource_group.this.id
}

output "location" {
  description = "Region of the environment."
  value       = azurerm_resource_group.this.location
}

output "tenant_id" {
  description = "Tenant in which the identities live."
  value       = data.azurerm_client_config.current.tenant_id
}

output "deployer_object_id" {
  description = "Object id of whoever was given the deployer's roles."
  value       = local.deployer
}

output "vault_name" {
  description = "Name of the vault."
  value       = module.vault.name
}

output "vault_id" {
  description = "Id of the vault."
  value       = module.vault.id
}

output "vault_uri" {
  description = "Address of the vault, with a slash at its end."
  value       = module.vault.uri
}

output "storage_account_name" {
  description = "Name of the storage account. Its keys are read through Azure when needed and are no output."
  value       = module.storage.account_name
}

output "storage_account_id" {
  description = "Id of the storage account."
  value       = module.storage.account_id
}

output "storage_container_name" {
  description = "Container that holds Supabase's objects."
  value       = module.storage.container_name
}

output "external_secrets_client_id" {
  description = "Client id of the identity that reads the vault; the service account is annotated with it."
  value       = module.identities.external_secrets.client_id
}

output "external_secrets_identity_id" {
  description = "Id of the identity that reads the vault; the platform federates it with the cluster."
  value       = module.identities.external_secrets.id
}

output "s3proxy_client_id" {
  description = "Client id of the identity that reads and writes objects; S3Proxy's service account is annotated with it."
  value       = module.identities.s3proxy.client_id
}

output "s3proxy_identity_id" {
  description = "Id of the identity that reads and writes objects; the platform federates it with the cluster."
  value       = module.identities.s3proxy.id
}

output "cluster_identity_id" {
  description = "Id of the identity with which AKS manages the network."
  value       = module.identities.cluster.id
}

output "kubelet_identity_id" {
  description = "Id of the identity of the nodes."
  value       = module.identities.kubelet.id
}

output "kubelet_client_id" {
  description = "Client id of the identity of the nodes."
  value       = module.identities.kubelet.client_id
}

output "kubelet_object_id" {
  description = "Object id of the identity of the nodes."
  value       = module.identities.kubelet.object_id
}

output "database_zone_id" {
  description = "Private DNS zone of the database, linked to the network."
  value       = module.private_dns.zone_ids["database"]
}

output "vault_zone_id" {
  description = "Private DNS zone of vaults, linked to the network; null without private endpoints."
  value       = lookup(module.private_dns.zone_ids, "vault", null)
}

output "storage_zone_id" {
  description = "Private DNS zone of blobs, linked to the network; null without private endpoints."
  value       = lookup(module.private_dns.zone_ids, "storage", null)
}

output "registry_zone_id" {
  description = "Private DNS zone of registries, linked to the network; null without a private endpoint for one."
  value       = lookup(module.private_dns.zone_ids, "registry", null)
}

output "cluster_subnet_id" {
  description = "Subnet of the nodes."
  value       = module.network.cluster_subnet_id
}

output "database_subnet_id" {
  description = "Subnet that is delegated to PostgreSQL."
  value       = module.network.database_subnet_id
}

output "endpoints_subnet_id" {
  description = "Subnet of the private endpoints."
  value       = module.network.endpoints_subnet_id
}

output "gateway_subnet_id" {
  description = "Subnet that is delegated to Application Gateway for Containers; null without one."
  value       = module.network.gateway_subnet_id
}

output "outbound_addresses" {
  description = "Public addresses with which nodes reach the world through the NAT gateway, for others' allow-lists; empty otherwise."
  value       = module.network.outbound_addresses
}

output "registry_id" {
  description = "Id of the container registry; null without one."
  value       = one(module.registry[*].id)
}

output "registry_login_server" {
  description = "Name under which charts and images are found; null without a registry."
  value       = one(module.registry[*].login_server)
}

output "log_analytics_workspace_id" {
  description = "Id of the workspace that keeps the logs."
  value       = module.logs.workspace_id
}

output "locked" {
  description = "Whether Azure refuses to delete anything in the group."
  value       = var.lock
}

output "roles_assigned" {
  description = "Whether the role assignments below were made here; if not, an owner must make them."
  value       = var.assign_roles
}

output "role_assignments" {
  description = "Every assignment that the environment needs (scope, role, principal_id, principal_type, purpose), so that an owner can make it and its arrival can be shown and probed."
  value = concat(
    module.deployer_access.role_assignments,
    module.cluster_access.role_assignments,
    flatten(module.cluster_zone_access[*].role_assignments),
    module.vault_access.role_assignments,
    module.storage_access.role_assignments,
    flatten(module.registry_access[*].role_assignments),
  )
}
