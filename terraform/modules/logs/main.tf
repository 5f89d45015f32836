# Where logs are kept, and who writes them.

resource "azurerm_log_analytics_workspace" "this" {
  name                = "${var.name}-log"
  location            = var.location
  resource_group_name = var.resource_group_name
  sku                 = "PerGB2018"
  retention_in_days   = var.logs.retention_days
  daily_quota_gb      = coalesce(var.logs.daily_gb, -1)
  tags                = var.tags

  local_authentication_enabled = false # Senders and readers use identities, nobody the workspace's keys.
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  for_each = var.sources

  name                       = "logs"
  target_resource_id         = each.value.id
  log_analytics_workspace_id = azurerm_log_analytics_workspace.this.id

  dynamic "enabled_log" {
    for_each = each.value.categories

    content {
      category = enabled_log.value
    }
  }
}
