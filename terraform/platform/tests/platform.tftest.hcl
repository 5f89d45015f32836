mock_provider "azurerm" {}

variables {
  name              = "supabase-test"
  location          = "centralus"
  database_password = "Thrown-away-1"
  foundation = {
    resource_group_name          = "supabase-test-rg"
    location                     = "centralus"
    tenant_id                    = "00000000-0000-0000-0000-00000000cafe"
    virtual_network_id           = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/virtualNetworks/supabase-test-vnet"
    cluster_subnet_id            = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/virtualNetworks/supabase-test-vnet/subnets/cluster"
    database_subnet_id           = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/virtualNetworks/supabase-test-vnet/subnets/database"
    cluster_identity_id          = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/supabase-test-id-cluster"
    kubelet_identity_id          = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/supabase-test-id-kubelet"
    kubelet_client_id            = "22222222-2222-2222-2222-222222222222"
    kubelet_object_id            = "33333333-3333-3333-3333-333333333333"
    external_secrets_identity_id = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/supabase-test-id-external-secrets"
    vault_id                     = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.KeyVault/vaults/supabase-test-kv"
    storage_account_id           = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Storage/storageAccounts/supabaseteststg"
    endpoints_subnet_id          = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/virtualNetworks/supabase-test-vnet/subnets/endpoints"
    registry_id                  = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.ContainerRegistry/registries/supabasetestcr"

    # The deployer passes all outputs of the foundation.
    vault_name = "supabase-test-kv"
  }
}

run "names_are_made_from_the_environment" {
  command = apply

  assert {
    condition = [output.cluster_name, output.database_server_name, output.database_name, output.database_admin_login] == [
    "supabase-test-aks", "supabase-test-pg", "supabase", "pgadmin"]
    error_message = "A resource is called <name>-<kind>."
  }
}
