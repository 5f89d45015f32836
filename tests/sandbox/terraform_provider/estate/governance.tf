resource "azurerm_management_lock" "network" {
  name       = "keep"
  scope      = azurerm_virtual_network.hub.id
  lock_level = "CanNotDelete"
  notes      = local.anew ? "Later." : "First."
}

resource "azurerm_consumption_budget_resource_group" "this" {
  name              = "estate-budget"
  resource_group_id = azurerm_resource_group.this.id
  amount            = local.later ? 2000 : 1000

  time_period {
    start_date = "2030-01-01T00:00:00Z"
    end_date   = "2035-01-01T00:00:00Z"
  }

  filter {
    tag {
      name   = "project"
      values = ["estate"]
    }
  }

  notification {
    operator       = "GreaterThan"
    threshold      = local.later ? 90 : 80
    contact_emails = ["team@example.com"]
  }

  notification {
    operator       = "GreaterThan"
    threshold      = 100
    threshold_type = "Forecasted"
    contact_groups = [azurerm_monitor_action_group.this.id]
  }
}

data "azurerm_policy_definition" "private" {
  display_name = "Azure Kubernetes Service Private Clusters should be enabled"
}

resource "azurerm_resource_group_policy_assignment" "private" {
  name                 = "private-clusters"
  resource_group_id    = azurerm_resource_group.this.id
  policy_definition_id = data.azurerm_policy_definition.private.id
  display_name         = local.later ? "Later" : "First"
  parameters           = jsonencode({ effect = { value = "Audit" } })

  non_compliance_message {
    content = "Clusters are private here."
  }
}

resource "azurerm_role_assignment" "dns" {
  scope                = azurerm_private_dns_zone.vault.id
  role_definition_name = "Private DNS Zone Contributor"
  principal_id         = azurerm_user_assigned_identity.this.principal_id
}

resource "azurerm_role_definition" "reader" {
  name        = "Estate Reader"
  scope       = data.azurerm_subscription.current.id
  description = local.later ? "later" : "first"

  permissions {
    actions = ["Microsoft.Network/*/read"]
  }
}
