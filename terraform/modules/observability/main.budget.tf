# Tells when the month's costs come near what was planned. It stops nothing. Nodes and their disks, most of
# the costs, lie in a group of AKS, so that the budget is the subscription's and counts both groups.

locals {
  # AKS's own name for it: rules need not wait for the cluster.
  node_group = "MC_${var.resource_group.name}_${var.cluster_name}_${var.location}"
}

resource "azurerm_consumption_budget_subscription" "this" {
  count = local.wanted.budget == null ? 0 : 1

  name            = "${var.name}-budget"
  subscription_id = regex("^/subscriptions/[^/]+", var.resource_group.id)
  amount          = local.wanted.budget
  time_grain      = "Monthly"

  filter {
    dimension {
      name   = "ResourceGroupName"
      values = [var.resource_group.name, local.node_group]
    }
  }

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
