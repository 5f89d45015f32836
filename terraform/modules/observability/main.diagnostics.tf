# What Azure's services write down about themselves. Metrics stay out: Azure Monitor keeps those of the
# platform for 93 days without a charge. The foundation's own (vault, storage, registry) are logged from there:
# Azure takes each category of a resource into one workspace only once.

resource "azurerm_monitor_diagnostic_setting" "cluster" {
  name                       = "${var.name}-logs"
  target_resource_id         = var.cluster_id
  log_analytics_workspace_id = var.log_analytics_workspace_id

  # `kube-audit-admin` is the audit log without the questions, which are nine tenths of it.
  dynamic "enabled_log" {
    for_each = ["cluster-autoscaler", "guard", "kube-apiserver", "kube-audit-admin", "kube-controller-manager", "kube-scheduler"]

    content {
      category = enabled_log.value
    }
  }
}

resource "azurerm_monitor_diagnostic_setting" "database" {
  name                       = "${var.name}-logs"
  target_resource_id         = var.database_id
  log_analytics_workspace_id = var.log_analytics_workspace_id

  dynamic "enabled_log" {
    for_each = ["PostgreSQLLogs", "PostgreSQLFlexSessions", "PostgreSQLFlexDatabaseXacts"]

    content {
      category = enabled_log.value
    }
  }
}
