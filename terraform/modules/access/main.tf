# Role assignments, each with its purpose, which Azure shows beside it.

resource "azurerm_role_assignment" "this" {
  for_each = var.assign ? var.assignments : {}

  # The same name in every run: an assignment that a killed run left behind is found again,
  # where a random name would only meet Azure's RoleAssignmentExists.
  name = uuidv5("url", join("|", [
    each.value.scope, each.value.role, each.value.principal_id,
  ]))
  scope                = each.value.scope
  role_definition_name = each.value.role
  principal_id         = each.value.principal_id
  principal_type       = each.value.principal_type
  description          = each.value.purpose
}
