mock_provider "azurerm" {}

variables {
  name                = "test"
  location            = "centralus"
  resource_group_name = "test-rg"
  tags                = { environment = "test" }
}

run "each_purpose_has_its_own_identity" {
  command = apply

  assert {
    condition     = length(distinct([output.cluster.object_id, output.kubelet.object_id, output.external_secrets.object_id, output.s3proxy.object_id])) == 4
    error_message = "Identities must not be shared."
  }

  assert {
    condition     = azurerm_user_assigned_identity.this["external-secrets"].name == "test-id-external-secrets"
    error_message = "An identity is called <name>-id-<purpose>."
  }
}
