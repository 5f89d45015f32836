mock_provider "azurerm" {}

variables {
  assign = true
  assignments = {
    reader = {
      scope          = "/subscriptions/00000000-0000-0000-0000-00000000babe/resourceGroups/test-rg"
      role           = "Key Vault Secrets User"
      principal_id   = "11111111-1111-1111-1111-111111111111"
      principal_type = "ServicePrincipal"
      purpose        = "Reads secrets."
    }
  }
}

run "what_was_assigned_is_reported_with_its_purpose" {
  command = apply

  assert {
    condition = jsonencode(output.role_assignments) == jsonencode([{
      scope          = "/subscriptions/00000000-0000-0000-0000-00000000babe/resourceGroups/test-rg"
      role           = "Key Vault Secrets User"
      principal_id   = "11111111-1111-1111-1111-111111111111"
      principal_type = "ServicePrincipal"
      purpose        = "Reads secrets."
    }])
    error_message = "The deployer shows and probes what this output lists."
  }

  assert {
    condition     = azurerm_role_assignment.this["reader"].principal_type == "ServicePrincipal"
    error_message = "Azure must be told what kind of principal a new identity is."
  }
}

run "an_assignment_without_a_purpose_is_refused" {
  command = plan

  variables {
    assignments = {
      reader = { scope = "/subscriptions/s", role = "Reader", principal_id = "11111111-1111-1111-1111-111111111111", purpose = " " }
    }
  }

  expect_failures = [var.assignments]
}

run "an_unknown_kind_of_principal_is_refused" {
  command = plan

  variables {
    assignments = {
      reader = { scope = "/subscriptions/s", role = "Reader", principal_id = "11111111-1111-1111-1111-111111111111", principal_type = "Robot", purpose = "Reads." }
    }
  }

  expect_failures = [var.assignments]
}

run "without_the_right_to_assign_they_are_only_reported" {
  command = plan

  variables {
    assign = false
  }

  assert {
    condition     = length(azurerm_role_assignment.this) == 0
    error_message = "Nothing may be assigned."
  }

  assert {
    condition     = [for assignment in output.role_assignments : assignment.role] == ["Key Vault Secrets User"]
    error_message = "An owner must be told what to assign."
  }
}

run "an_assignment_has_the_same_name_in_every_run" {
  command = plan

  assert {
    condition     = azurerm_role_assignment.this["reader"].name == uuidv5("url", "/subscriptions/00000000-0000-0000-0000-00000000babe/resourceGroups/test-rg|Key Vault Secrets User|11111111-1111-1111-1111-111111111111")
    error_message = "What a killed run left behind is found again by its name."
  }
}
