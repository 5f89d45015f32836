output "cluster_name" {
  description = "Name of the cluster."
  value       = module.cluster.name
}

output "cluster_id" {
  description = "Id of the cluster."
  value       = module.cluster.id
}

output "oidc_issuer_url" {
  description = "Who signs the tokens of the cluster's service accounts."
  value       = module.cluster.oidc_issuer_url
}

output "database_host" {
  description = "Name under which PostgreSQL is found inside the network."
  value       = module.database.host
}

output "database_server_name" {
  description = "Name of the PostgreSQL server."
  value       = module.database.server_name
}

output "database_server_id" {
  description = "Id of the PostgreSQL server; the deployer sets the administrator's password there."
  value       = module.database.server_id
}

output "database_name" {
  description = "Name of the database, once it may be used."
  value       = module.database.name
}

output "database_admin_login" {
  description = "Name of PostgreSQL's administrator."
  value       = module.database.login
}
