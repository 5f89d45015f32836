mock_provider "azurerm" {}

variables {
  name                = "supabase-test"
  suffix              = ""
  location            = "centralus"
  resource_group_name = "supabase-test-rg"
  tags                = { environment = "supabase-test" }
  subnet_ids          = ["/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/virtualNetworks/supabase-test-vnet/subnets/cluster"]
  storage             = { replication = "LRS", container = "supabase", retention_days = 7 }
}

run "nothing_in_the_account_is_public" {
  command = plan

  assert {
    condition     = !azurerm_storage_account.this.allow_nested_items_to_be_public && azurerm_storage_container.this.container_access_type == "private"
    error_message = "Neither account nor container may offer anything to strangers."
  }

  assert {
    condition     = azurerm_storage_account.this.min_tls_version == "TLS1_2" && azurerm_storage_account.this.https_traffic_only_enabled
    error_message = "Traffic must be encrypted by TLS 1.2 or later."
  }

  assert {
    condition     = !azurerm_storage_account.this.local_user_enabled && !azurerm_storage_account.this.cross_tenant_replication_enabled
    error_message = "Only Entra and the account key may open the account, and only in this tenant."
  }
}

run "the_account_answers_the_cluster_alone" {
  command = plan

  assert {
    condition     = azurerm_storage_account.this.network_rules[0].default_action == "Deny"
    error_message = "Whoever is not named must be refused, even with the account key."
  }

  assert {
    condition     = azurerm_storage_account.this.network_rules[0].virtual_network_subnet_ids == toset(var.subnet_ids)
    error_message = "The nodes' subnet, and no other, must reach the account."
  }
}

run "an_account_with_a_private_endpoint_has_no_public_door" {
  command = plan

  variables {
    subnet_ids = []
  }

  assert {
    condition     = !azurerm_storage_account.this.public_network_access_enabled && azurerm_storage_account.this.network_rules[0].default_action == "Deny"
    error_message = "Without a subnet named, the account must have no public door."
  }
}

run "requests_signed_with_the_key_are_taken_unless_decided_otherwise" {
  command = plan

  assert {
    condition     = azurerm_storage_account.this.shared_access_key_enabled
    error_message = "Clients that know no identities use the account key."
  }
}

run "the_key_can_be_made_worthless" {
  command = plan

  variables {
    storage = { replication = "LRS", container = "supabase", retention_days = 7, shared_key = false }
  }

  assert {
    condition     = !azurerm_storage_account.this.shared_access_key_enabled
    error_message = "With shared_key = false only identities are let in."
  }
}

run "old_versions_are_forgotten" {
  command = plan

  variables {
    storage = { replication = "LRS", container = "supabase", retention_days = 7, versions_days = 14 }
  }

  assert {
    condition     = one(azurerm_storage_management_policy.this.rule).actions[0].version[0].delete_after_days_since_creation == 14
    error_message = "What was overwritten must go after versions_days, or the account grows for ever."
  }
}

run "objects_cool_down_only_when_asked" {
  command = plan

  variables {
    storage = { replication = "LRS", container = "supabase", retention_days = 7, cool_days = 60 }
  }

  assert {
    condition = [
      for rule in azurerm_storage_management_policy.this.rule : rule.actions[0].base_blob[0].tier_to_cool_after_days_since_modification_greater_than
      if rule.name == "cool-what-nobody-changes"
    ] == [60]
    error_message = "The cool tier must take what nobody changed for cool_days."
  }
}

run "objects_that_cool_at_once_are_refused" {
  command = plan

  variables {
    storage = { replication = "LRS", container = "supabase", retention_days = 7, cool_days = 0 }
  }

  expect_failures = [var.storage]
}

run "versions_for_no_day_are_refused" {
  command = plan

  variables {
    storage = { replication = "LRS", container = "supabase", retention_days = 7, versions_days = 0 }
  }

  expect_failures = [var.storage]
}

run "deleted_objects_can_be_brought_back" {
  command = plan

  assert {
    condition     = azurerm_storage_account.this.blob_properties[0].delete_retention_policy[0].days == 7 && azurerm_storage_account.this.blob_properties[0].versioning_enabled
    error_message = "Blobs must be kept after deletion, and their versions too."
  }
}

run "the_name_has_no_dashes" {
  command = plan

  variables {
    suffix = "x7"
  }

  assert {
    condition     = azurerm_storage_account.this.name == "supabaseteststgx7"
    error_message = "The account is called <name>stg<suffix>, without dashes."
  }
}

run "a_name_of_25_signs_is_refused" {
  command = plan

  variables {
    name   = "supabase-production"
    suffix = "abcd"
  }

  expect_failures = [var.suffix]
}

run "an_unknown_replication_is_refused" {
  command = plan

  variables {
    storage = { replication = "TWICE", container = "supabase", retention_days = 7 }
  }

  expect_failures = [var.storage]
}

run "a_container_name_with_capitals_is_refused" {
  command = plan

  variables {
    storage = { replication = "LRS", container = "Supabase", retention_days = 7 }
  }

  expect_failures = [var.storage]
}

run "a_container_name_with_two_dashes_in_a_row_is_refused" {
  command = plan

  variables {
    storage = { replication = "LRS", container = "supa--base", retention_days = 7 }
  }

  expect_failures = [var.storage]
}

run "a_year_and_a_day_of_retention_is_refused" {
  command = plan

  variables {
    storage = { replication = "LRS", container = "supabase", retention_days = 366 }
  }

  expect_failures = [var.storage]
}
