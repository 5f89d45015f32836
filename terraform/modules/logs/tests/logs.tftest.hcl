mock_provider "azurerm" {
  source = "../../mocks"
}

variables {
  name                = "supabase-test"
  location            = "centralus"
  resource_group_name = "supabase-test-rg"
  tags                = { environment = "supabase-test" }
  logs                = { retention_days = 30, daily_gb = 1 }
  sources = {
    vault = {
      id         = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.KeyVault/vaults/supabase-test-kv"
      categories = ["AuditEvent"]
    }
  }
}

run "the_workspace_keeps_what_was_decided" {
  command = plan

  assert {
    condition = (
      azurerm_log_analytics_workspace.this.name == "supabase-test-log" &&
      azurerm_log_analytics_workspace.this.retention_in_days == 30 && azurerm_log_analytics_workspace.this.daily_quota_gb == 1
    )
    error_message = "Days and gigabytes must be those of the environment."
  }

  assert {
    condition     = !azurerm_log_analytics_workspace.this.local_authentication_enabled
    error_message = "The workspace's own keys must open nothing."
  }
}

run "without_a_limit_nothing_is_dropped" {
  command = plan

  variables {
    logs = { retention_days = 90 }
  }

  assert {
    condition     = azurerm_log_analytics_workspace.this.daily_quota_gb == -1
    error_message = "No limit is written as -1."
  }
}

run "every_source_writes_into_the_workspace" {
  command = apply

  assert {
    condition = (
      azurerm_monitor_diagnostic_setting.this["vault"].target_resource_id == var.sources.vault.id &&
      azurerm_monitor_diagnostic_setting.this["vault"].log_analytics_workspace_id == output.workspace_id &&
      [for log in azurerm_monitor_diagnostic_setting.this["vault"].enabled_log : log.category] == ["AuditEvent"]
    )
    error_message = "Who reads secrets must be written down."
  }
}

run "logs_for_a_week_are_refused" {
  command = plan

  variables {
    logs = { retention_days = 7 }
  }

  expect_failures = [var.logs]
}

run "a_day_without_logs_is_refused" {
  command = plan

  variables {
    logs = { retention_days = 30, daily_gb = 0 }
  }

  expect_failures = [var.logs]
}

run "a_source_that_says_nothing_is_refused" {
  command = plan

  variables {
    sources = { vault = { id = "/subscriptions/s/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v", categories = [] } }
  }

  expect_failures = [var.sources]
}
