mock_provider "azurerm" {}

variables {
  name                = "supabase-test"
  suffix              = ""
  location            = "centralus"
  resource_group_name = "supabase-test-rg"
  tags                = { environment = "supabase-test" }
  private             = true
  registry            = { sku = "Premium" }
}

run "only_identities_sign_in" {
  command = plan

  assert {
    condition     = !azurerm_container_registry.this.admin_enabled && !azurerm_container_registry.this.anonymous_pull_enabled
    error_message = "Neither the registry's own account nor strangers may come in."
  }
}

run "the_name_has_no_dashes" {
  command = plan

  variables {
    suffix = "x7"
  }

  assert {
    condition     = azurerm_container_registry.this.name == "supabasetestacrx7"
    error_message = "The registry is called <name>acr<suffix>, without dashes."
  }
}

run "a_premium_registry_with_a_private_endpoint_has_no_public_door" {
  command = plan

  assert {
    condition     = !azurerm_container_registry.this.public_network_access_enabled && !azurerm_container_registry.this.export_policy_enabled
    error_message = "Nobody outside may reach it, and nothing may be exported."
  }

  assert {
    condition     = azurerm_container_registry.this.zone_redundancy_enabled && azurerm_container_registry.this.retention_policy_in_days == 30
    error_message = "It must outlive a zone, and forget what has no tag."
  }
}

run "named_addresses_reach_a_premium_registry_and_nobody_else" {
  command = plan

  variables {
    registry = { sku = "Premium", allowed = ["203.0.113.7"] }
  }

  assert {
    condition     = azurerm_container_registry.this.public_network_access_enabled && azurerm_container_registry.this.network_rule_set[0].default_action == "Deny"
    error_message = "The door must be open to those who are named alone."
  }

  assert {
    condition     = [for rule in azurerm_container_registry.this.network_rule_set[0].ip_rule : rule.ip_range] == ["203.0.113.7/32"]
    error_message = "The named address must be let in, in the form in which azurerm reads it."
  }
}

run "a_premium_registry_has_rules_even_when_nobody_is_named" {
  command = plan

  assert {
    condition     = azurerm_container_registry.this.network_rule_set[0].default_action == "Deny" && length(azurerm_container_registry.this.network_rule_set[0].ip_rule) == 0
    error_message = "Azure keeps rules for it in any case."
  }
}

run "private_addresses_are_refused" {
  command = plan

  variables {
    registry = { sku = "Premium", allowed = ["10.0.0.0/8"] }
  }

  expect_failures = [var.registry]
}

run "a_basic_registry_asks_for_nothing_that_only_premium_has" {
  command = plan

  variables {
    registry = { sku = "Basic" }
  }

  assert {
    condition = (
      azurerm_container_registry.this.public_network_access_enabled && azurerm_container_registry.this.export_policy_enabled &&
      !azurerm_container_registry.this.zone_redundancy_enabled && !azurerm_container_registry.this.data_endpoint_enabled &&
      azurerm_container_registry.this.retention_policy_in_days == null &&
      length(azurerm_container_registry.this.network_rule_set) == 0
    )
    error_message = "Azure refuses Premium's options on a Basic registry."
  }
}

run "without_private_endpoints_nodes_reach_a_premium_registry" {
  command = plan

  variables {
    private = false
  }

  assert {
    condition     = azurerm_container_registry.this.public_network_access_enabled && azurerm_container_registry.this.network_rule_set[0].default_action == "Allow"
    error_message = "Nodes have no other way to it."
  }
}

run "an_unknown_sku_is_refused" {
  command = plan

  variables {
    registry = { sku = "Gold" }
  }

  expect_failures = [var.registry]
}

run "a_firewall_for_a_basic_registry_is_refused" {
  command = plan

  variables {
    registry = { sku = "Basic", allowed = ["203.0.113.7"] }
  }

  expect_failures = [var.registry]
}

run "an_address_that_is_none_is_refused" {
  command = plan

  variables {
    registry = { sku = "Premium", allowed = ["203.0.113.7/24"] }
  }

  expect_failures = [var.registry]
}

run "images_without_a_tag_for_two_years_are_refused" {
  command = plan

  variables {
    registry = { sku = "Premium", untagged_days = 730 }
  }

  expect_failures = [var.registry]
}
