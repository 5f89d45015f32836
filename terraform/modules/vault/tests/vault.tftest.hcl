mock_provider "azurerm" {}

variables {
  name                = "supabase-test"
  suffix              = ""
  location            = "centralus"
  resource_group_name = "supabase-test-rg"
  tags                = { environment = "supabase-test" }
  tenant_id           = "00000000-0000-0000-0000-00000000cafe"
  vault               = { purge_protection = true, retention_days = 90 }
}

run "roles_are_the_only_way_in" {
  command = plan

  assert {
    condition     = azurerm_key_vault.this.rbac_authorization_enabled
    error_message = "Access policies would stand beside the roles."
  }
}

run "the_name_is_made_from_the_environment" {
  command = plan

  assert {
    condition     = azurerm_key_vault.this.name == "supabase-test-kv"
    error_message = "The vault is called <name>-kv."
  }
}

run "a_suffix_makes_the_name_unique" {
  command = plan

  variables {
    suffix = "x7"
  }

  assert {
    condition     = azurerm_key_vault.this.name == "supabase-test-kv-x7"
    error_message = "The suffix follows after a dash."
  }
}

run "a_name_of_25_signs_is_refused" {
  command = plan

  variables {
    name   = "supabase-production"
    suffix = "xy"
  }

  expect_failures = [var.suffix]
}

run "keeping_a_deleted_vault_for_six_days_is_refused" {
  command = plan

  variables {
    vault = { purge_protection = false, retention_days = 6 }
  }

  expect_failures = [var.vault]
}
