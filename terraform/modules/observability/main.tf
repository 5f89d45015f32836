# What is measured, and where it goes: metrics of the cluster to a workspace of Azure Monitor, logs to
# Log Analytics. Grafana and the workspaces grow beside the cluster; what needs its id is done in seconds.

locals {
  wanted = var.observability

  # Azure's name for the agent's configuration; it looks for this one.
  container_insights = "ContainerInsightsExtension"
}

resource "azurerm_monitor_workspace" "this" {
  name                = "${var.name}-metrics"
  location            = var.location
  resource_group_name = var.resource_group.name
  tags                = var.tags
}

resource "azurerm_monitor_data_collection_endpoint" "this" {
  name                = "${var.name}-dce"
  location            = var.location
  resource_group_name = var.resource_group.name
  kind                = "Linux"
  tags                = var.tags
}

resource "azurerm_monitor_data_collection_rule" "metrics" {
  name                        = "${var.name}-dcr-metrics"
  location                    = var.location
  resource_group_name         = var.resource_group.name
  kind                        = "Linux"
  data_collection_endpoint_id = azurerm_monitor_data_collection_endpoint.this.id
  description                 = "Prometheus metrics of the cluster."
  tags                        = var.tags

  data_sources {
    prometheus_forwarder {
      name    = "prometheus"
      streams = ["Microsoft-PrometheusMetrics"]
    }
  }

  destinations {
    monitor_account {
      name               = "metrics"
      monitor_account_id = azurerm_monitor_workspace.this.id
    }
  }

  data_flow {
    streams      = ["Microsoft-PrometheusMetrics"]
    destinations = ["metrics"]
  }
}

resource "azurerm_monitor_data_collection_rule_association" "metrics" {
  name                    = "${var.name}-metrics"
  target_resource_id      = var.cluster_id
  data_collection_rule_id = azurerm_monitor_data_collection_rule.metrics.id
  description             = "Where the cluster's Prometheus metrics go."
}

# Logs and events only: numbers come through Prometheus, at a fraction of the price.
resource "azurerm_monitor_data_collection_rule" "logs" {
  count = local.wanted.containers.enabled ? 1 : 0

  name                = "${var.name}-dcr-logs"
  location            = var.location
  resource_group_name = var.resource_group.name
  kind                = "Linux"
  description         = "Output of containers, events and inventory of the cluster."
  tags                = var.tags

  data_sources {
    extension {
      name           = local.container_insights
      extension_name = "ContainerInsights"
      streams        = ["Microsoft-ContainerLogV2", "Microsoft-KubeEvents", "Microsoft-KubePodInventory"]
      extension_json = jsonencode({
        dataCollectionSettings = {
          interval               = local.wanted.containers.interval
          namespaceFilteringMode = length(local.wanted.containers.excluded) > 0 ? "Exclude" : "Off"
          namespaces             = local.wanted.containers.excluded
          enableContainerLogV2   = true
        }
      })
    }
  }

  destinations {
    log_analytics {
      name                  = "logs"
      workspace_resource_id = var.log_analytics_workspace_id
    }
  }

  data_flow {
    streams      = ["Microsoft-ContainerLogV2", "Microsoft-KubeEvents", "Microsoft-KubePodInventory"]
    destinations = ["logs"]
  }
}

resource "azurerm_monitor_data_collection_rule_association" "logs" {
  count = local.wanted.containers.enabled ? 1 : 0

  name                    = local.container_insights
  target_resource_id      = var.cluster_id
  data_collection_rule_id = azurerm_monitor_data_collection_rule.logs[0].id
  description             = "Where the output of the cluster's containers goes."
}
