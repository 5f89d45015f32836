output "grafana_endpoint" {
  description = "Address of Grafana; empty without one."
  value       = one(azurerm_dashboard_grafana.this[*].endpoint) == null ? "" : one(azurerm_dashboard_grafana.this[*].endpoint)
}

output "metrics_workspace_id" {
  description = "Id of the workspace that keeps Prometheus metrics."
  value       = azurerm_monitor_workspace.this.id
}

output "query_endpoint" {
  description = "Where the workspace answers PromQL."
  value       = azurerm_monitor_workspace.this.query_endpoint
}

output "action_group_id" {
  description = "Who is told: other alerts may name it, too."
  value       = azurerm_monitor_action_group.this.id
}

output "runbooks" {
  description = "Address of the runbook's entry, by alert."
  value       = local.runbook
}

output "role_assignments" {
  description = "Every assignment that is needed (scope, role, principal_id, principal_type, purpose), made here or, with `assign_roles = false`, by an owner."
  value       = module.access.role_assignments
}
