resource "azurerm_log_analytics_workspace" "this" {
  name                = "estate-logs"
  location            = local.place
  resource_group_name = local.group
  sku                 = "PerGB2018"
  retention_in_days   = local.later ? 60 : 30
  daily_quota_gb      = local.later ? 5 : -1
  tags                = local.tags
}

resource "azurerm_log_analytics_solution" "this" {
  solution_name         = "ContainerInsights"
  location              = local.place
  resource_group_name   = local.group
  workspace_name        = azurerm_log_analytics_workspace.this.name
  workspace_resource_id = azurerm_log_analytics_workspace.this.id

  plan {
    publisher = "Microsoft"
    product   = "OMSGallery/ContainerInsights"
  }
}

resource "azurerm_application_insights" "this" {
  name                = "estate-insights"
  location            = local.place
  resource_group_name = local.group
  application_type    = "web"
  workspace_id        = azurerm_log_analytics_workspace.this.id
  sampling_percentage = local.later ? 50 : 100
}

resource "azurerm_monitor_workspace" "this" {
  name                          = "estate-metrics"
  location                      = local.place
  resource_group_name           = local.group
  public_network_access_enabled = !local.later
}

resource "azurerm_monitor_data_collection_endpoint" "this" {
  name                = "estate-dce"
  location            = local.place
  resource_group_name = local.group
  kind                = "Linux"
  description         = local.later ? "later" : "first"
}

resource "azurerm_monitor_data_collection_rule" "metrics" {
  name                        = "estate-dcr-metrics"
  location                    = local.place
  resource_group_name         = local.group
  kind                        = "Linux"
  data_collection_endpoint_id = azurerm_monitor_data_collection_endpoint.this.id

  destinations {
    monitor_account {
      name               = "workspace"
      monitor_account_id = azurerm_monitor_workspace.this.id
    }
  }

  data_flow {
    streams      = ["Microsoft-PrometheusMetrics"]
    destinations = ["workspace"]
  }

  data_sources {
    prometheus_forwarder {
      name    = "prometheus"
      streams = ["Microsoft-PrometheusMetrics"]

      label_include_filter {
        label = "microsoft_metrics_include_label"
        value = local.later ? "later" : "first"
      }
    }
  }
}

resource "azurerm_monitor_data_collection_rule" "logs" {
  name                = "estate-dcr-logs"
  location            = local.place
  resource_group_name = local.group
  tags                = local.tags

  destinations {
    log_analytics {
      name                  = "workspace"
      workspace_resource_id = azurerm_log_analytics_workspace.this.id
    }
  }

  data_flow {
    streams      = ["Microsoft-ContainerLogV2", "Microsoft-KubeEvents"]
    destinations = ["workspace"]
  }

  data_sources {
    extension {
      name           = "ContainerInsights"
      extension_name = "ContainerInsights"
      streams        = ["Microsoft-ContainerLogV2", "Microsoft-KubeEvents"]
      extension_json = jsonencode({
        dataCollectionSettings = { interval = local.later ? "5m" : "1m", enableContainerLogV2 = true }
      })
    }

    syslog {
      name           = "syslog"
      facility_names = ["auth"]
      log_levels     = ["Error", "Critical"]
      streams        = ["Microsoft-Syslog"]
    }
  }

  stream_declaration {
    stream_name = "Custom-Table"
    column {
      name = "TimeGenerated"
      type = "datetime"
    }
  }
}

resource "azurerm_monitor_data_collection_rule_association" "metrics" {
  name                    = "metrics"
  target_resource_id      = azurerm_kubernetes_cluster.this.id
  data_collection_rule_id = azurerm_monitor_data_collection_rule.metrics.id
  description             = local.later ? "later" : "first"
}

resource "azurerm_monitor_data_collection_rule_association" "endpoint" {
  target_resource_id          = azurerm_kubernetes_cluster.this.id
  data_collection_endpoint_id = azurerm_monitor_data_collection_endpoint.this.id
}

resource "azurerm_monitor_diagnostic_setting" "cluster" {
  name                       = "logs"
  target_resource_id         = azurerm_kubernetes_cluster.this.id
  log_analytics_workspace_id = azurerm_log_analytics_workspace.this.id

  dynamic "enabled_log" {
    for_each = local.later ? ["kube-audit-admin"] : ["kube-apiserver", "kube-audit-admin"]
    content {
      category = enabled_log.value
    }
  }

  enabled_metric {
    category = "AllMetrics"
  }
}

resource "azurerm_monitor_action_group" "this" {
  name                = "estate-on-call"
  resource_group_name = local.group
  short_name          = local.later ? "later" : "first"

  email_receiver {
    name                    = "team"
    email_address           = "team@example.com"
    use_common_alert_schema = true
  }

  webhook_receiver {
    name        = "hook"
    service_uri = "https://example.com/hook"
  }
}

resource "azurerm_monitor_metric_alert" "processor" {
  name                = "estate-cpu"
  resource_group_name = local.group
  scopes              = [azurerm_postgresql_flexible_server.this.id]
  description         = "Runbook: https://example.com/runbook"
  severity            = local.later ? 1 : 2
  frequency           = "PT5M"
  window_size         = "PT15M"

  criteria {
    metric_namespace = "Microsoft.DBforPostgreSQL/flexibleServers"
    metric_name      = "cpu_percent"
    aggregation      = "Average"
    operator         = "GreaterThan"
    threshold        = local.later ? 90 : 80
  }

  action {
    action_group_id = azurerm_monitor_action_group.this.id
  }
}

resource "azurerm_monitor_metric_alert" "latency" {
  name                = "estate-latency"
  resource_group_name = local.group
  scopes              = [azurerm_storage_account.this.id]

  dynamic_criteria {
    metric_namespace  = "Microsoft.Storage/storageAccounts"
    metric_name       = "SuccessE2ELatency"
    aggregation       = "Average"
    operator          = "GreaterThan"
    alert_sensitivity = local.later ? "High" : "Medium"

    dimension {
      name     = "ApiName"
      operator = "Include"
      values   = ["GetBlob"]
    }
  }
}

resource "azurerm_monitor_activity_log_alert" "health" {
  name                = "estate-health"
  location            = "global"
  resource_group_name = local.group
  scopes              = [data.azurerm_subscription.current.id]
  enabled             = !local.later

  criteria {
    category = "ServiceHealth"
    service_health {
      events    = ["Incident", "Maintenance"]
      locations = ["West Europe"]
    }
  }

  action {
    action_group_id = azurerm_monitor_action_group.this.id
  }
}

resource "azurerm_monitor_activity_log_alert" "deletion" {
  name                = "estate-deletion"
  location            = "global"
  resource_group_name = local.group
  scopes              = [azurerm_resource_group.this.id]

  criteria {
    category       = "Administrative"
    operation_name = "Microsoft.KeyVault/vaults/delete"
    levels         = local.later ? ["Critical", "Error"] : ["Error"]
  }
}

resource "azurerm_monitor_scheduled_query_rules_alert_v2" "errors" {
  name                  = "estate-errors"
  location              = local.place
  resource_group_name   = local.group
  scopes                = [azurerm_log_analytics_workspace.this.id]
  severity              = 2
  evaluation_frequency  = "PT5M"
  window_duration       = "PT15M"
  skip_query_validation = true
  description           = local.later ? "later" : "first"

  criteria {
    query                   = "ContainerLogV2 | where LogLevel == 'error'"
    operator                = "GreaterThan"
    threshold               = local.later ? 20 : 10
    time_aggregation_method = "Count"

    failing_periods {
      minimum_failing_periods_to_trigger_alert = 1
      number_of_evaluation_periods             = 1
    }
  }

  action {
    action_groups = [azurerm_monitor_action_group.this.id]
    email_subject = "Errors"
  }
}

resource "azurerm_monitor_alert_prometheus_rule_group" "this" {
  name                = "estate-slo"
  location            = local.place
  resource_group_name = local.group
  cluster_name        = azurerm_kubernetes_cluster.this.name
  interval            = "PT1M"
  rule_group_enabled  = true
  scopes              = [azurerm_monitor_workspace.this.id]

  rule {
    record     = "job:errors:rate5m"
    expression = "sum(rate(errors_total[5m])) by (job)"
    labels     = { team = "platform" }
  }

  rule {
    alert       = "TooManyErrors"
    expression  = local.later ? "job:errors:rate5m > 5" : "job:errors:rate5m > 10"
    for         = "PT5M"
    severity    = 2
    annotations = { runbook = "https://example.com/runbook" }

    action {
      action_group_id = azurerm_monitor_action_group.this.id
    }

    alert_resolution {
      auto_resolved   = true
      time_to_resolve = "PT10M"
    }
  }
}

resource "azurerm_monitor_private_link_scope" "this" {
  name                  = "estate-ampls"
  resource_group_name   = local.group
  ingestion_access_mode = local.later ? "PrivateOnly" : "Open"
}

resource "azurerm_monitor_private_link_scoped_service" "this" {
  name                = "logs"
  resource_group_name = local.group
  scope_name          = azurerm_monitor_private_link_scope.this.name
  linked_resource_id  = azurerm_log_analytics_workspace.this.id
}

resource "azurerm_dashboard_grafana" "this" {
  name                              = "estate-grafana"
  location                          = local.place
  resource_group_name               = local.group
  grafana_major_version             = "12"
  deterministic_outbound_ip_enabled = local.later
  zone_redundancy_enabled           = local.anew

  identity {
    type = "SystemAssigned"
  }

  azure_monitor_workspace_integrations {
    resource_id = azurerm_monitor_workspace.this.id
  }
}

resource "azurerm_dashboard_grafana_managed_private_endpoint" "this" {
  name                         = "metrics"
  grafana_id                   = azurerm_dashboard_grafana.this.id
  location                     = local.place
  private_link_resource_id     = azurerm_monitor_workspace.this.id
  group_ids                    = ["prometheusMetrics"]
  private_link_resource_region = local.place
}

data "azurerm_monitor_diagnostic_categories" "vault" {
  resource_id = azurerm_key_vault.this.id
}

data "azurerm_monitor_action_group" "this" {
  name                = azurerm_monitor_action_group.this.name
  resource_group_name = local.group
}

data "azurerm_log_analytics_workspace" "this" {
  name                = azurerm_log_analytics_workspace.this.name
  resource_group_name = local.group
}

data "azurerm_monitor_workspace" "this" {
  name                = azurerm_monitor_workspace.this.name
  resource_group_name = local.group
}

data "azurerm_dashboard_grafana" "this" {
  name                = azurerm_dashboard_grafana.this.name
  resource_group_name = local.group
}
