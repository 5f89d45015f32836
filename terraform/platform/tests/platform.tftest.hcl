mock_provider "azurerm" {
  source = "../mocks"
}

variables {
  name              = "supabase-test"
  location          = "centralus"
  database_password = "Thrown-away-1"
  foundation = {
    resource_group_name          = "supabase-test-rg"
    resource_group_id            = "/subscriptions/s/resourceGroups/supabase-test-rg"
    deployer_object_id           = "11111111-1111-1111-1111-111111111111"
    location                     = "centralus"
    tenant_id                    = "00000000-0000-0000-0000-00000000cafe"
    database_zone_id             = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/privateDnsZones/supabase-test.private.postgres.database.azure.com"
    vault_zone_id                = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/privateDnsZones/privatelink.vaultcore.azure.net"
    storage_zone_id              = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/privateDnsZones/privatelink.blob.core.windows.net"
    registry_zone_id             = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/privateDnsZones/privatelink.azurecr.io"
    cluster_subnet_id            = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/virtualNetworks/supabase-test-vnet/subnets/cluster"
    database_subnet_id           = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/virtualNetworks/supabase-test-vnet/subnets/database"
    cluster_identity_id          = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/supabase-test-id-cluster"
    kubelet_identity_id          = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/supabase-test-id-kubelet"
    kubelet_client_id            = "22222222-2222-2222-2222-222222222222"
    kubelet_object_id            = "33333333-3333-3333-3333-333333333333"
    external_secrets_identity_id = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/supabase-test-id-external-secrets"
    s3proxy_identity_id          = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/supabase-test-id-s3proxy"
    log_analytics_workspace_id   = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.OperationalInsights/workspaces/supabase-test-logs"
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

run "the_platform_can_go_unwatched" {
  command = apply

  variables {
    observability = { enabled = false }
  }

  assert {
    condition     = output.grafana_endpoint == "" && output.action_group_id == null && length(output.role_assignments) == 0
    error_message = "Nothing of it may be built."
  }
}

run "every_service_has_its_way_in" {
  command = apply

  assert {
    condition     = keys(output.private_addresses) == ["registry", "storage", "vault"]
    error_message = "With private endpoints, vault, storage and a Premium registry have an address inside the network."
  }
}

run "without_private_endpoints_there_are_none" {
  command = apply

  variables {
    network = { private_endpoints = false }
  }

  assert {
    condition     = length(output.private_addresses) == 0
    error_message = "Services stay behind their firewalls."
  }
}

run "an_edge_tells_the_charts_what_to_ask_for" {
  command = apply

  variables {
    edge       = { kind = "applicationGateway" }
    foundation = merge(var.foundation, { gateway_subnet_id = "/subscriptions/s/resourceGroups/supabase-test-rg/providers/Microsoft.Network/virtualNetworks/supabase-test-vnet/subnets/gateway" })
  }

  assert {
    condition     = output.edge.gateway_class == "azure-alb-external" && output.edge.cidr == var.network.subnets.gateway && output.edge.frontend == "public" && output.edge.controller.namespace == "azure-alb-system"
    error_message = "Class, frontend and controller of Application Gateway for Containers."
  }

  assert {
    condition     = contains([for assignment in output.role_assignments : assignment.role], "AppGw for Containers Configuration Manager")
    error_message = "The controller's roles are reported beside the others."
  }
}

run "application_routing_has_a_class_of_its_own" {
  command = apply

  variables {
    edge = { kind = "appRouting" }
  }

  assert {
    condition     = output.edge.gateway_class == "approuting-istio" && output.edge.cidr == null && output.edge.controller == null
    error_message = "Inside the cluster there is nothing of Azure to name."
  }
}
