mock_provider "azurerm" {
  mock_data "azurerm_client_config" {
    defaults = {
      object_id = "44444444-4444-4444-4444-444444444444"
    }
  }
}

variables {
  resource_group  = "state-rg"
  location        = "centralus"
  storage_account = "supabasestate"
  container       = "states"
}

run "state_is_reached_by_roles_alone_and_can_be_brought_back" {
  command = plan

  assert {
    condition     = !azurerm_storage_account.this.shared_access_key_enabled && !azurerm_storage_account.this.allow_nested_items_to_be_public
    error_message = "Neither a key nor the public may read state."
  }

  assert {
    condition     = azurerm_storage_account.this.min_tls_version == "TLS1_2" && azurerm_storage_account.this.https_traffic_only_enabled
    error_message = "State travels encrypted."
  }

  assert {
    condition     = azurerm_storage_account.this.blob_properties[0].versioning_enabled && azurerm_storage_account.this.blob_properties[0].delete_retention_policy[0].days == 90
    error_message = "State that was overwritten or deleted comes back."
  }

  assert {
    condition     = azurerm_management_lock.this[0].lock_level == "CanNotDelete"
    error_message = "The account must not be deleted by mistake."
  }

  assert {
    condition     = [for role in azurerm_role_assignment.deployer : role.role_definition_name] == ["Storage Blob Data Contributor"]
    error_message = "The deployer reads and writes state, and nothing more."
  }
}

run "whoever_is_let_in_already_needs_no_role" {
  command = plan

  variables {
    assign_role = false
  }

  assert {
    condition     = length(azurerm_role_assignment.deployer) == 0
    error_message = "A role from further up is enough."
  }
}

run "named_addresses_keep_all_others_out" {
  command = plan

  variables {
    allowed = ["203.0.113.7", "198.51.100.7/32", "192.0.2.0/24"]
  }

  assert {
    condition     = azurerm_storage_account.this.network_rules[0].ip_rules == toset(["203.0.113.7", "198.51.100.7", "192.0.2.0/24"])
    error_message = "A storage account's firewall takes no range of one address."
  }

  assert {
    condition     = azurerm_storage_account.this.network_rules[0].default_action == "Deny"
    error_message = "With a list, only what is on it reaches the state."
  }
}

run "who_may_not_lock_makes_no_lock" {
  command = plan

  variables {
    lock = false
  }

  assert {
    condition     = length(azurerm_management_lock.this) == 0
    error_message = "A lock takes a right that Contributors lack."
  }
}

run "private_addresses_are_refused" {
  command = plan

  variables {
    allowed = ["10.0.0.0/8"]
  }

  expect_failures = [var.allowed]
}

run "a_range_of_two_is_refused" {
  command = plan

  variables {
    allowed = ["203.0.113.6/31"]
  }

  expect_failures = [var.allowed]
}

run "names_that_azure_refuses_are_refused_here" {
  command = plan

  variables {
    storage_account = "Supabase-State"
    container       = "S"
    location        = "Central US"
    replication     = "XRS"
    allowed         = ["somewhere"]
    retention_days  = 1
  }

  expect_failures = [
    var.storage_account, var.container, var.location, var.replication, var.allowed, var.retention_days,
  ]
}
