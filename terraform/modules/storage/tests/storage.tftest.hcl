mock_provider "azurerm" {}

variables {
  name                = "supabase-test"
  suffix              = ""
  location            = "centralus"
  resource_group_name = "supabase-test-rg"
  tags                = { environment = "supabase-test" }
  subnet_id           = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/virtualNetworks/supabase-test-vnet/subnets/cluster"
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
    condition     = azurerm_storage_account.this.network_rules[0].virtual_network_subnet_ids == toset([var.subnet_id])
    error_message = "The nodes' subnet, and no other, must reach the account."
  }
}

run "the_key_that_s3proxy_signs_with_is_accepted" {
  command = plan

  assert {
    condition     = azurerm_storage_account.this.shared_access_key_enabled
    error_message = "S3Proxy uses the account key."
  }
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
