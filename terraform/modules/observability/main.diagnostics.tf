# What Azure's services write down about themselves.

locals {
  # `kube-audit-admin` is the audit log without the questions, which are nine tenths of it.
  diagnostics = {
    cluster = {
      target = var.watched.cluster
      logs   = ["cluster-autoscaler", "guard", "kube-apiserver", "kube-audit-admin", "kube-controller-manager", "kube-scheduler"]
    }
    database = {
      target = var.watched.database
      logs   = ["PostgreSQLLogs", "PostgreSQLFlexSessions", "PostgreSQLFlexDatabaseXacts"]
    }
    vault = {
      target = var.watched.vault
      logs   = ["AuditEvent"]
    }
  }
}

resource "azurerm_monitor_diagnostic_setting" "this" {
  for_each = local.diagnostics

  name                       = "${var.name}-logs"
  target_resource_id         = each.value.target
  log_analytics_workspace_id = var.log_analytics_workspace_id

  # No `enabled_metric`: Azure Monitor keeps platform metrics for 93 days without a charge.
  dynamic "enabled_log" {
    for_each = each.value.logs

    content {
      category = enabled_log.value
    }
  }
}
