output "cluster_name" {
  description = "Name of the cluster."
  value       = module.cluster.name
}

output "cluster_id" {
  description = "Id of the cluster, once there are nodes for everybody's pods."
  value       = module.cluster.ready_id
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

output "grafana_endpoint" {
  description = "Address of Grafana, where dashboards are published; empty without one."
  value       = try(module.observability[0].grafana_endpoint, "")
}

output "action_group_id" {
  description = "Group of those who are told of alerts; null when observability is off."
  value       = one(module.observability[*].action_group_id)
}

output "edge" {
  description = "What the charts need to know of the edge: its kind and the class of its Gateways; with Application Gateway for Containers also the range of its subnet, its id, frontend, public host name and firewall policy (null otherwise, and without a firewall), and with which identity and service account its controller signs in."
  value = {
    kind          = var.edge.kind
    gateway_class = lookup({ appRouting = "approuting-istio", applicationGateway = "azure-alb-external" }, var.edge.kind, null)
    cidr          = var.edge.kind == "applicationGateway" ? var.network.subnets.gateway : null
    gateway_id    = one(module.edge[*].id)
    frontend      = one(module.edge[*].frontend)
    host          = one(module.edge[*].host)
    waf_policy_id = one(module.edge[*].waf_policy_id)
    controller    = one(module.edge[*].controller)
  }
}

output "private_addresses" {
  description = "Addresses inside the network of vault, storage and registry, by name; empty without private endpoints."
  value       = module.private_endpoints.addresses
}

output "role_assignments" {
  description = "Every assignment that the platform needs beside the foundation's (scope, role, principal_id, principal_type, purpose), so that an owner can make it."
  value       = flatten(concat(module.edge_access[*].role_assignments, module.observability[*].role_assignments))
}
