mock_provider "azurerm" {}

variables {
  name            = "test"
  identity_id     = "/subscriptions/s/resourceGroups/test-rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/test-id-external-secrets"
  issuer          = "https://centralus.oic.prod-aks.azure.com/tenant/cluster/"
  namespace       = "supabase"
  service_account = "vault-reader"
}

run "one_service_account_may_sign_in" {
  command = plan

  assert {
    condition     = azurerm_federated_identity_credential.this.subject == "system:serviceaccount:supabase:vault-reader"
    error_message = "The subject must name namespace and service account."
  }

  assert {
    condition     = azurerm_federated_identity_credential.this.audience == tolist(["api://AzureADTokenExchange"])
    error_message = "Entra exchanges only tokens that were made for it."
  }
}

run "a_namespace_that_kubernetes_refuses_is_refused" {
  command = plan

  variables {
    namespace = "Supabase_"
  }

  expect_failures = [var.namespace]
}
