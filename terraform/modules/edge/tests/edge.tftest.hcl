mock_provider "azurerm" {}

variables {
  name                = "test"
  location            = "centralus"
  resource_group_name = "test-rg"
  tags                = { environment = "test" }
  subnet_id           = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/test-rg/providers/Microsoft.Network/virtualNetworks/test-vnet/subnets/gateway"
  issuer              = "https://centralus.oic.prod-aks.azure.com/tenant/cluster/"
  waf                 = "Prevention"
}

run "attacks_are_refused_by_rules_that_the_gateway_supports" {
  command = plan

  assert {
    condition     = azurerm_web_application_firewall_policy.this[0].policy_settings[0].mode == "Prevention"
    error_message = "The firewall must do what was chosen."
  }

  assert {
    condition     = [for set in azurerm_web_application_firewall_policy.this[0].managed_rules[0].managed_rule_set : set.type] == ["Microsoft_DefaultRuleSet", "Microsoft_BotManagerRuleSet"]
    error_message = "Application Gateway for Containers takes Microsoft's default rules, not those of OWASP's core rule set."
  }
}

run "large_uploads_pass_the_firewall" {
  command = plan

  assert {
    condition     = !azurerm_web_application_firewall_policy.this[0].policy_settings[0].request_body_enforcement && !azurerm_web_application_firewall_policy.this[0].policy_settings[0].file_upload_enforcement
    error_message = "The storage service limits the size of files, not the firewall."
  }
}

run "the_firewall_can_be_left_out" {
  command = plan

  variables {
    waf = "Off"
  }

  assert {
    condition     = length(azurerm_web_application_firewall_policy.this) == 0 && length(azurerm_application_load_balancer_security_policy.this) == 0
    error_message = "Off means that there is no policy."
  }

  assert {
    condition     = output.waf_policy_id == null
    error_message = "Nobody may name a policy that is not there."
  }
}

run "the_controller_signs_in_without_a_secret" {
  command = plan

  assert {
    condition     = azurerm_federated_identity_credential.controller.subject == "system:serviceaccount:azure-alb-system:alb-controller-sa"
    error_message = "The controller's chart has this service account."
  }
}

run "a_foundation_without_the_subnet_is_refused" {
  command = plan

  variables {
    subnet_id = null
  }

  expect_failures = [var.subnet_id]
}

run "an_unknown_mode_is_refused" {
  command = plan

  variables {
    waf = "Hope"
  }

  expect_failures = [var.waf]
}
