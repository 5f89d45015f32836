mock_provider "azurerm" {
  source = "../../mocks"
}

variables {
  name                       = "test"
  location                   = "centralus"
  resource_group             = { name = "test-rg", id = "/subscriptions/s/resourceGroups/test-rg" }
  tags                       = { environment = "test" }
  namespace                  = "supabase"
  cluster_name               = "test-aks"
  log_analytics_workspace_id = "/subscriptions/s/resourceGroups/test-rg/providers/Microsoft.OperationalInsights/workspaces/test-logs"
  deployer_object_id         = "11111111-1111-1111-1111-111111111111"
  cluster_id                 = "/subscriptions/s/resourceGroups/test-rg/providers/Microsoft.ContainerService/managedClusters/test-aks"
  database_id                = "/subscriptions/s/resourceGroups/test-rg/providers/Microsoft.DBforPostgreSQL/flexibleServers/test-pg"
  storage_account_id         = "/subscriptions/s/resourceGroups/test-rg/providers/Microsoft.Storage/storageAccounts/teststg"
  vault_id                   = "/subscriptions/s/resourceGroups/test-rg/providers/Microsoft.KeyVault/vaults/test-kv"
}

run "every_alert_tells_the_group_and_where_to_read_on" {
  command = apply

  variables {
    observability = { runbook = "https://wiki.example.com/runbook", emails = ["team@example.com"] }
  }

  assert {
    condition = alltrue([
      for rule in azurerm_monitor_alert_prometheus_rule_group.alerts.rule :
      rule.annotations.runbook_url == "https://wiki.example.com/runbook#${lower(rule.alert)}" &&
      length(rule.annotations.summary) > 10 && rule.severity <= 3 &&
      rule.action[0].action_group_id == azurerm_monitor_action_group.this.id
    ])
    error_message = "A rule over Prometheus needs runbook, summary, severity and receivers."
  }

  assert {
    condition = alltrue([
      for name, alert in azurerm_monitor_metric_alert.this :
      endswith(alert.description, "Runbook: https://wiki.example.com/runbook#${lower(name)}") && length(alert.action) == 1
    ])
    error_message = "A rule over metrics needs runbook and receivers."
  }

  assert {
    condition = alltrue([
      for name, alert in azurerm_monitor_scheduled_query_rules_alert_v2.this :
      endswith(alert.description, "Runbook: https://wiki.example.com/runbook#${lower(name)}") && length(alert.action[0].action_groups) == 1
    ])
    error_message = "A rule over logs needs runbook and receivers."
  }

  assert {
    condition     = length(output.runbooks) == length(azurerm_monitor_alert_prometheus_rule_group.alerts.rule) + length(azurerm_monitor_metric_alert.this) + length(azurerm_monitor_scheduled_query_rules_alert_v2.this)
    error_message = "Two alerts share a name."
  }
}

run "a_group_of_rules_has_at_most_twenty" {
  command = plan

  assert {
    condition     = length(azurerm_monitor_alert_prometheus_rule_group.alerts.rule) <= 20 && length(azurerm_monitor_alert_prometheus_rule_group.recordings.rule) <= 20
    error_message = "Azure takes 20 rules in a group: split it."
  }
}

run "thresholds_reach_the_rules" {
  command = plan

  variables {
    observability = { thresholds = { database_cpu_percent = 55, latency_p99_seconds = 0.25, availability_percent = 99.5 } }
  }

  assert {
    condition     = azurerm_monitor_metric_alert.this["DatabaseProcessorBusy"].criteria[0].threshold == 55
    error_message = "The threshold of the database must be the one that was chosen."
  }

  assert {
    condition     = one([for rule in azurerm_monitor_alert_prometheus_rule_group.alerts.rule : strcontains(rule.expression, "> 0.25\n") || strcontains(rule.expression, "> 0.25 ") if rule.alert == "GatewayLatencyHigh"])
    error_message = "The threshold of latency must be the one that was chosen."
  }

  assert {
    condition     = one([for rule in azurerm_monitor_alert_prometheus_rule_group.alerts.rule : strcontains(rule.expression, "rate1h > 0.072") if rule.alert == "GatewayErrorBudgetFast"])
    error_message = "99.5 % leaves a budget of 0.005; 14.4 times that is 0.072."
  }
}

run "the_platform_is_watched_by_its_ids" {
  command = plan

  assert {
    condition     = azurerm_monitor_metric_alert.this["DatabaseDown"].scopes == toset([var.database_id]) && azurerm_monitor_metric_alert.this["BlobLatencyHigh"].scopes == toset([var.storage_account_id])
    error_message = "Each rule is about one resource."
  }

  assert {
    condition     = [azurerm_monitor_diagnostic_setting.cluster.target_resource_id, azurerm_monitor_diagnostic_setting.database.target_resource_id] == [var.cluster_id, var.database_id]
    error_message = "Cluster and database send their logs; the vault does so since the foundation."
  }

  assert {
    condition     = alltrue([for one in [azurerm_monitor_diagnostic_setting.cluster, azurerm_monitor_diagnostic_setting.database] : one.log_analytics_workspace_id == var.log_analytics_workspace_id])
    error_message = "All logs go to one workspace."
  }
}

run "grafana_is_ready_to_use" {
  command = apply

  variables {
    observability = { grafana = { admins = ["22222222-2222-2222-2222-222222222222"] } }
  }

  assert {
    condition     = output.grafana_endpoint == "https://test-g-0123456789abcdef.cus.grafana.azure.com"
    error_message = "The flows publish dashboards at this address."
  }

  assert {
    condition     = toset([for one in output.role_assignments : one.role]) == toset(["Monitoring Data Reader", "Monitoring Reader", "Grafana Admin"])
    error_message = "Grafana reads metrics, and people administer it."
  }

  assert {
    condition     = length(output.role_assignments) == 4
    error_message = "Two readers' roles, the deployer's, and one for each administrator."
  }

  assert {
    condition     = azurerm_dashboard_grafana.this[0].identity[0].type == "UserAssigned" && !azurerm_dashboard_grafana.this[0].api_key_enabled
    error_message = "An identity that exists before Grafana has its roles in time; people sign in with Entra."
  }
}

run "grafana_can_be_left_out" {
  command = apply

  variables {
    observability = { grafana = { enabled = false } }
  }

  assert {
    condition     = length(azurerm_dashboard_grafana.this) == 0 && output.grafana_endpoint == ""
    error_message = "Without Grafana there is no address."
  }

  assert {
    condition     = !contains([for one in output.role_assignments : one.role], "Grafana Admin")
    error_message = "Nobody needs a role in a Grafana that is not there."
  }
}

run "an_owner_is_told_what_to_assign" {
  command = apply

  variables {
    assign_roles = false
  }

  assert {
    condition     = length(output.role_assignments) == 3
    error_message = "What an owner must assign is listed."
  }

  assert {
    condition     = length(azurerm_resource_policy_assignment.expiry) == 0 && toset(keys(azurerm_monitor_scheduled_query_rules_alert_v2.this)) == toset(["LogsCapReached"])
    error_message = "Whoever may not assign roles may not assign a policy either."
  }
}

run "secrets_that_expire_are_found_by_policy" {
  command = plan

  variables {
    observability = { thresholds = { secret_days = 14 } }
  }

  assert {
    condition     = jsondecode(azurerm_resource_policy_assignment.expiry[0].parameters).minimumDaysBeforeExpiration.value == 14
    error_message = "The policy must look as far ahead as was chosen."
  }

  assert {
    condition     = strcontains(azurerm_monitor_scheduled_query_rules_alert_v2.this["SecretExpiring"].criteria[0].query, azurerm_resource_policy_assignment.expiry[0].name)
    error_message = "The alert asks for this policy and no other."
  }
}

run "logs_of_containers_can_be_left_out" {
  command = plan

  variables {
    observability = { containers = { enabled = false } }
  }

  assert {
    condition     = length(azurerm_monitor_data_collection_rule.logs) == 0 && length(azurerm_monitor_data_collection_rule_association.logs) == 0
    error_message = "No rule may collect them."
  }
}

run "a_budget_exists_only_when_there_is_an_amount" {
  command = plan

  assert {
    condition     = length(azurerm_consumption_budget_subscription.this) == 0
    error_message = "What may be spent is a decision."
  }
}

run "a_budget_counts_from_the_first_of_the_month" {
  command = plan

  variables {
    observability = { budget = 250 }
  }

  assert {
    condition     = azurerm_consumption_budget_subscription.this[0].amount == 250 && endswith(azurerm_consumption_budget_subscription.this[0].time_period[0].start_date, "-01T00:00:00Z")
    error_message = "Azure refuses any other day."
  }

  assert {
    condition     = toset([for one in azurerm_consumption_budget_subscription.this[0].filter[0].dimension : one.values][0]) == toset(["test-rg", "MC_test-rg_test-aks_centralus"])
    error_message = "Nodes lie in a group of AKS, and cost most."
  }
}

run "an_address_that_is_none_is_refused" {
  command = plan

  variables {
    observability = { emails = ["team at example.com"] }
  }

  expect_failures = [var.observability]
}

run "a_webhook_without_encryption_is_refused" {
  command = plan

  variables {
    observability = { webhooks = { chat = "http://example.com/hook" } }
  }

  expect_failures = [var.observability]
}

run "a_runbook_with_an_anchor_is_refused" {
  command = plan

  variables {
    observability = { runbook = "https://example.com/runbook#top" }
  }

  expect_failures = [var.observability]
}

run "a_budget_of_nothing_is_refused" {
  command = plan

  variables {
    observability = { budget = 0 }
  }

  expect_failures = [var.observability]
}

run "an_interval_that_the_agent_does_not_take_is_refused" {
  command = plan

  variables {
    observability = { containers = { interval = "10s" } }
  }

  expect_failures = [var.observability]
}

run "an_administrator_without_an_id_is_refused" {
  command = plan

  variables {
    observability = { grafana = { admins = ["team@example.com"] } }
  }

  expect_failures = [var.observability]
}

run "somebody_in_two_lists_is_refused" {
  command = plan

  variables {
    observability = { grafana = { admins = ["22222222-2222-2222-2222-222222222222"], viewers = ["22222222-2222-2222-2222-222222222222"] } }
  }

  expect_failures = [var.observability]
}

run "an_availability_without_a_budget_is_refused" {
  command = plan

  variables {
    observability = { thresholds = { availability_percent = 100 } }
  }

  expect_failures = [var.observability]
}

run "a_percentage_beyond_hundred_is_refused" {
  command = plan

  variables {
    observability = { thresholds = { database_storage_percent = 120 } }
  }

  expect_failures = [var.observability]
}

run "a_threshold_of_nothing_is_refused" {
  command = plan

  variables {
    observability = { thresholds = { database_connections = 0 } }
  }

  expect_failures = [var.observability]
}
