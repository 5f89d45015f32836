mock_provider "azurerm" {}

variables {
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
    condition = output.role_assignments == [{
      scope        = "/subscriptions/00000000-0000-0000-0000-00000000babe/resourceGroups/test-rg"
      role         = "Key Vault Secrets User"
      principal_id = "11111111-1111-1111-1111-111111111111"
      purpose      = "Reads secrets."
    }]
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
