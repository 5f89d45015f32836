mock_provider "azurerm" {
  source = "../mocks"

  mock_data "azurerm_client_config" {
    defaults = {
      tenant_id = "00000000-0000-0000-0000-00000000cafe"
      object_id = "44444444-4444-4444-4444-444444444444"
    }
  }
}

variables {
  name     = "supabase-test"
  location = "centralus"
}

run "names_are_made_from_the_environment" {
  command = apply

  assert {
    condition = [output.resource_group_name, output.vault_name, output.storage_account_name, output.storage_container_name] == [
    "supabase-test-rg", "supabase-test-kv", "supabaseteststg", "supabase"]
    error_message = "A resource is called <name>-<kind>; the storage account has no dashes."
  }
}

run "every_role_is_reported" {
  command = apply

  assert {
    condition = toset([for assignment in output.role_assignments : assignment.role]) == toset([
      "AcrPull",
      "AcrPush",
      "Azure Kubernetes Service RBAC Cluster Admin",
      "Key Vault Secrets Officer",
      "Key Vault Secrets User",
      "Managed Identity Operator",
      "Network Contributor",
      "Storage Blob Data Contributor",
    ])
    error_message = "The deployer waits for the roles that this output lists."
  }
}

run "the_caller_is_the_deployer" {
  command = apply

  assert {
    condition     = output.deployer_object_id == "44444444-4444-4444-4444-444444444444"
    error_message = "Without another choice, whoever calls gets the deployer's roles."
  }
}

run "another_deployer_can_be_named" {
  command = apply

  variables {
    deployer_object_id = "55555555-5555-5555-5555-555555555555"
  }

  assert {
    condition = toset([
      for assignment in output.role_assignments : assignment.role if assignment.principal_id == "55555555-5555-5555-5555-555555555555"
    ]) == toset(["AcrPush", "Azure Kubernetes Service RBAC Cluster Admin", "Key Vault Secrets Officer"])
    error_message = "The deployer's roles must follow deployer_object_id."
  }
}

run "tags_say_whose_a_resource_is" {
  command = plan

  variables {
    tags = { project = "supabase" }
  }

  assert {
    condition     = azurerm_resource_group.this.tags == tomap({ project = "supabase", environment = "supabase-test", managed-by = "terraform" })
    error_message = "Environment and tool are added to the operator's tags."
  }
}

run "a_name_that_is_too_long_for_the_vault_is_refused" {
  command = plan

  variables {
    name = "supabase-production-west"
  }

  expect_failures = [var.name]
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Supabase-Test"
  }

  expect_failures = [var.name]
}

run "a_name_with_two_dashes_in_a_row_is_refused" {
  command = plan

  variables {
    name = "supabase--test"
  }

  expect_failures = [var.name]
}

run "a_suffix_with_a_dash_is_refused" {
  command = plan

  variables {
    suffix = "x-7"
  }

  expect_failures = [var.suffix]
}

run "a_region_in_its_long_form_is_refused" {
  command = plan

  variables {
    location = "Central US"
  }

  expect_failures = [var.location]
}

run "an_unknown_way_out_is_refused" {
  command = plan

  variables {
    outbound = "carrierPigeon"
  }

  expect_failures = [var.outbound]
}

run "a_tag_that_belongs_to_the_stacks_is_refused" {
  command = plan

  variables {
    tags = { environment = "mine" }
  }

  expect_failures = [var.tags]
}

run "a_tag_with_a_slash_is_refused" {
  command = plan

  variables {
    tags = { "team/name" = "platform" }
  }

  expect_failures = [var.tags]
}

run "a_deployer_that_is_no_object_id_is_refused" {
  command = plan

  variables {
    deployer_object_id = "somebody@example.com"
  }

  expect_failures = [var.deployer_object_id]
}

run "an_unknown_edge_is_refused" {
  command = plan

  variables {
    edge = { kind = "nginx" }
  }

  expect_failures = [var.edge]
}

run "nothing_is_locked_unless_asked" {
  command = plan

  assert {
    condition     = length(azurerm_management_lock.this) == 0 && !output.locked
    error_message = "A lock stands in the way of every deletion."
  }
}

run "a_lock_keeps_the_group_from_being_deleted" {
  command = apply

  variables {
    lock = true
  }

  assert {
    condition     = azurerm_management_lock.this[0].lock_level == "CanNotDelete" && azurerm_management_lock.this[0].scope == azurerm_resource_group.this.id && output.locked
    error_message = "The lock must hold the whole group, and be reported."
  }
}

run "without_the_right_to_assign_an_owner_is_told_what_to_do" {
  command = apply

  variables {
    assign_roles = false
  }

  assert {
    condition     = !output.roles_assigned && length(output.role_assignments) == 8
    error_message = "Every assignment must be reported, and that nobody made it."
  }
}

run "the_reader_may_be_held_to_the_secrets_that_the_cluster_reads" {
  command = apply

  variables {
    vault = { reader_scope = "secrets", provided = ["smtp-password"] }
  }

  assert {
    condition = toset([
      for assignment in output.role_assignments : assignment.scope if assignment.role == "Key Vault Secrets User"
      ]) == toset([
      for name in concat(yamldecode(file("secrets.yaml")), ["smtp-password"]) : "${module.vault.id}/secrets/${name}"
    ])
    error_message = "Each name has a role of its own, and the vault as a whole has none."
  }

  assert {
    condition     = !anytrue([for assignment in output.role_assignments : endswith(assignment.scope, "/postgres-connection-string")])
    error_message = "What is for operators alone stays out of the cluster's reach."
  }
}

run "an_owner_is_told_of_each_secret" {
  command = apply

  variables {
    assign_roles = false
    vault        = { reader_scope = "secrets" }
  }

  assert {
    condition = length([
      for assignment in output.role_assignments : assignment if assignment.role == "Key Vault Secrets User"
    ]) == length(yamldecode(file("secrets.yaml")))
    error_message = "Whoever assigns the roles needs all of them."
  }
}

run "another_scope_of_the_reader_is_refused" {
  command = plan

  variables {
    vault = { reader_scope = "group" }
  }

  expect_failures = [var.vault]
}

run "a_provided_secret_with_an_impossible_name_is_refused" {
  command = plan

  variables {
    vault = { provided = ["smtp_password"] }
  }

  expect_failures = [var.vault]
}

run "an_environment_may_go_without_a_registry" {
  command = apply

  variables {
    registry = { enabled = false }
  }

  assert {
    condition     = output.registry_id == null && output.registry_login_server == null && length(output.role_assignments) == 6
    error_message = "Without a registry there is neither a name nor a role for it."
  }
}

run "by_default_vault_and_registry_have_no_public_door" {
  command = plan

  assert {
    condition     = var.network.private_endpoints && length(var.vault.allowed) + length(var.registry.allowed) == 0 && var.vault.purge_protection
    error_message = "Defaults are the safe choice."
  }
}
