mock_provider "azurerm" {}

variables {
  name                = "supabase-test"
  suffix              = ""
  location            = "centralus"
  resource_group_name = "supabase-test-rg"
  tags                = { environment = "supabase-test" }
  tenant_id           = "00000000-0000-0000-0000-00000000cafe"
  subnet_ids          = []
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

run "nobody_outside_reaches_a_vault_with_a_private_endpoint" {
  command = plan

  assert {
    condition     = !azurerm_key_vault.this.public_network_access_enabled && azurerm_key_vault.this.network_acls[0].default_action == "Deny"
    error_message = "Without anybody named, the vault must have no public door."
  }
}

run "named_addresses_and_subnets_reach_the_vault_and_nobody_else" {
  command = plan

  variables {
    subnet_ids = ["/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/virtualNetworks/supabase-test-vnet/subnets/cluster"]
    vault      = { purge_protection = true, retention_days = 90, allowed = ["203.0.113.7", "198.51.100.0/24"] }
  }

  assert {
    condition     = azurerm_key_vault.this.public_network_access_enabled && azurerm_key_vault.this.network_acls[0].default_action == "Deny"
    error_message = "The door must be open to those who are named alone."
  }

  assert {
    condition = (
      azurerm_key_vault.this.network_acls[0].ip_rules == toset(["203.0.113.7", "198.51.100.0/24"]) &&
      azurerm_key_vault.this.network_acls[0].virtual_network_subnet_ids == toset(var.subnet_ids)
    )
    error_message = "Addresses and subnets that are named must be let in."
  }
}

run "a_vault_can_be_protected_from_a_purge" {
  command = plan

  assert {
    condition     = azurerm_key_vault.this.purge_protection_enabled && azurerm_key_vault.this.soft_delete_retention_days == 90
    error_message = "What was deleted must stay for as long as decided."
  }
}

run "an_address_that_is_none_is_refused" {
  command = plan

  variables {
    vault = { purge_protection = true, retention_days = 90, allowed = ["my-laptop"] }
  }

  expect_failures = [var.vault]
}

run "a_range_that_begins_in_its_middle_is_refused" {
  command = plan

  variables {
    vault = { purge_protection = true, retention_days = 90, allowed = ["203.0.113.7/24"] }
  }

  expect_failures = [var.vault]
}

run "a_private_address_is_refused" {
  command = plan

  variables {
    vault = { purge_protection = true, retention_days = 90, allowed = ["172.20.1.4"] }
  }

  expect_failures = [var.vault]
}
