output "role_assignments" {
  description = "The assignments that are needed, whoever makes them: scope, role, principal_id, principal_type (null when unknown), purpose."
  value       = values(var.assignments)
}
