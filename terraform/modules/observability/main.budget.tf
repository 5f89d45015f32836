# Tells when the month's costs come near what was planned. It stops nothing.

resource "azurerm_consumption_budget_resource_group" "this" {
  count = local.wanted.budget == null ? 0 : 1

  name              = "${var.name}-budget"
  resource_group_id = var.resource_group.id
  amount            = local.wanted.budget
  time_grain        = "Monthly"

  time_period {
    start_date = formatdate("YYYY-MM-01'T'00:00:00'Z'", plantimestamp())
  }

  notification {
    operator       = "GreaterThan"
    threshold      = 80
    threshold_type = "Actual"
    contact_groups = [azurerm_monitor_action_group.this.id]
  }

  notification {
    operator       = "GreaterThan"
    threshold      = 100
    threshold_type = "Forecasted"
    contact_groups = [azurerm_monitor_action_group.this.id]
  }

  lifecycle {
    # It counts from the month of its birth; a later plan would make it anew.
    ignore_changes = [time_period]
  }
}
