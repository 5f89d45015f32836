# Who is told, and when. The rules are data: alerts.yaml.

locals {
  rules = yamldecode(templatefile("${path.module}/alerts.yaml", {
    namespace  = var.namespace
    thresholds = local.wanted.thresholds
    windows    = ["5m", "30m", "1h", "6h"]
    # The share of requests that may fail. Rounded: 100 - 99.9 is not quite 0.1 for a computer.
    budget   = floor((100 - local.wanted.thresholds.availability_percent) * 1000 + 0.5) / 100000
    policy   = local.policy
    vault    = basename(var.vault_id)
    vault_id = var.vault_id
  }))
  names   = concat(keys(local.rules.prometheus), keys(local.rules.metrics), keys(local.rules.queries))
  runbook = { for name in local.names : name => "${local.wanted.runbook}#${lower(name)}" }

  watched = {
    database = { id = var.database_id, space = "Microsoft.DBforPostgreSQL/flexibleServers" }
    storage  = { id = var.storage_account_id, space = "Microsoft.Storage/storageAccounts" }
    vault    = { id = var.vault_id, space = "Microsoft.KeyVault/vaults" }
  }
}

resource "azurerm_monitor_action_group" "this" {
  name                = "${var.name}-alerts"
  resource_group_name = var.resource_group.name
  short_name          = trimsuffix(substr(var.name, 0, 12), "-") # As a text message shows it.
  tags                = var.tags

  dynamic "email_receiver" {
    for_each = local.wanted.emails

    content {
      name                    = email_receiver.value
      email_address           = email_receiver.value
      use_common_alert_schema = true
    }
  }

  dynamic "webhook_receiver" {
    for_each = local.wanted.webhooks

    content {
      name                    = webhook_receiver.key
      service_uri             = webhook_receiver.value
      use_common_alert_schema = true
    }
  }
}

resource "azurerm_monitor_alert_prometheus_rule_group" "recordings" {
  name                = "${var.name}-recordings"
  location            = var.location
  resource_group_name = var.resource_group.name
  cluster_name        = var.cluster_name
  description         = "Series that alerts and dashboards share."
  interval            = "PT1M"
  rule_group_enabled  = true
  scopes              = [azurerm_monitor_workspace.this.id]
  tags                = var.tags

  dynamic "rule" {
    for_each = local.rules.recordings

    content {
      record     = rule.key
      expression = rule.value
    }
  }
}

resource "azurerm_monitor_alert_prometheus_rule_group" "alerts" {
  name                = "${var.name}-alerts"
  location            = var.location
  resource_group_name = var.resource_group.name
  cluster_name        = var.cluster_name
  description         = "Alerts over what is scraped in the cluster."
  interval            = "PT1M"
  rule_group_enabled  = true
  scopes              = [azurerm_monitor_workspace.this.id]
  tags                = var.tags

  dynamic "rule" {
    for_each = local.rules.prometheus

    content {
      alert      = rule.key
      expression = rule.value.expression
      for        = rule.value.for
      severity   = rule.value.severity
      annotations = {
        summary     = rule.value.summary
        runbook_url = local.runbook[rule.key]
      }

      action {
        action_group_id = azurerm_monitor_action_group.this.id
      }

      alert_resolution {
        auto_resolved   = true
        time_to_resolve = "PT10M"
      }
    }
  }
}

resource "azurerm_monitor_metric_alert" "this" {
  for_each = local.rules.metrics

  name                = "${var.name}-${each.key}"
  resource_group_name = var.resource_group.name
  scopes              = [local.watched[each.value.resource].id]
  description         = "${each.value.summary} Runbook: ${local.runbook[each.key]}"
  severity            = each.value.severity
  frequency           = each.value.frequency
  window_size         = each.value.window
  tags                = var.tags

  criteria {
    metric_namespace = local.watched[each.value.resource].space
    metric_name      = each.value.metric
    aggregation      = each.value.aggregation
    operator         = each.value.operator
    threshold        = each.value.threshold
  }

  action {
    action_group_id = azurerm_monitor_action_group.this.id
  }
}

resource "azurerm_monitor_scheduled_query_rules_alert_v2" "this" {
  for_each = { for name, rule in local.rules.queries : name => rule if var.assign_roles || !rule.needs_policy }

  name                    = "${var.name}-${each.key}"
  location                = var.location
  resource_group_name     = var.resource_group.name
  scopes                  = [var.log_analytics_workspace_id]
  description             = "${each.value.summary} Runbook: ${local.runbook[each.key]}"
  severity                = each.value.severity
  evaluation_frequency    = each.value.frequency
  window_duration         = each.value.window
  auto_mitigation_enabled = true
  tags                    = var.tags

  # A workspace that is minutes old does not have all tables yet.
  skip_query_validation = true

  criteria {
    query                   = each.value.query
    operator                = "GreaterThan"
    threshold               = 0
    time_aggregation_method = "Count"
  }

  action {
    action_groups = [azurerm_monitor_action_group.this.id]
  }

  # With it the rule asks Azure Resource Graph.
  dynamic "identity" {
    for_each = each.value.needs_policy ? [azurerm_user_assigned_identity.this.id] : []

    content {
      type         = "UserAssigned"
      identity_ids = [identity.value]
    }
  }
}
