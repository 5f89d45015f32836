output "role_assignments" {
  description = "The assignments made: scope, role, principal_id, purpose."
  value = [
    for assignment in values(azurerm_role_assignment.this) : {
      scope        = assignment.scope
      role         = assignment.role_definition_name
      principal_id = assignment.principal_id
      purpose      = assignment.description
    }
  ]
}
