mock_provider "azurerm" {}

variables {
  name                = "test"
  location            = "centralus"
  resource_group_name = "test-rg"
  tags                = { environment = "test" }
  tenant_id           = "00000000-0000-0000-0000-00000000cafe"
  subnet_id           = "/subscriptions/s/resourceGroups/test-rg/providers/Microsoft.Network/virtualNetworks/test-vnet/subnets/cluster"
  identity_id         = "/subscriptions/s/resourceGroups/test-rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/test-id-cluster"
  kubelet = {
    identity_id = "/subscriptions/s/resourceGroups/test-rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/test-id-kubelet"
    client_id   = "22222222-2222-2222-2222-222222222222"
    object_id   = "33333333-3333-3333-3333-333333333333"
  }
  ranges   = { pods = "10.244.0.0/16", services = "10.245.0.0/16" }
  outbound = "loadBalancer"
  cluster = {
    tier     = "Standard"
    upgrades = "patch"
    nodes    = { size = "Standard_D4s_v5", min = 3, max = 6, zones = ["1", "2", "3"] }
  }
}

run "the_api_server_is_private" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_cluster.this.private_cluster_enabled && !azurerm_kubernetes_cluster.this.private_cluster_public_fqdn_enabled
    error_message = "The API server must not have a public address, nor a public name."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.private_dns_zone_id == "System"
    error_message = "AKS looks after the zone in which its API server is found."
  }
}

run "run_command_is_left_on" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_cluster.this.run_command_enabled
    error_message = "Without run-command nobody outside the network reaches a private cluster."
  }
}

run "everybody_signs_in_through_entra" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_cluster.this.local_account_disabled && azurerm_kubernetes_cluster.this.azure_active_directory_role_based_access_control[0].azure_rbac_enabled
    error_message = "There must be no certificate of an administrator, and Azure's roles must count."
  }
}

run "service_accounts_can_become_identities" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_cluster.this.oidc_issuer_enabled && azurerm_kubernetes_cluster.this.workload_identity_enabled
    error_message = "External Secrets signs in with its service account."
  }
}

run "the_network_is_overlay_with_cilium" {
  command = plan

  assert {
    condition = (
      azurerm_kubernetes_cluster.this.network_profile[0].network_plugin_mode == "overlay" &&
      azurerm_kubernetes_cluster.this.network_profile[0].network_data_plane == "cilium" &&
      azurerm_kubernetes_cluster.this.network_profile[0].network_policy == "cilium"
    )
    error_message = "Network policies need Cilium, and pods must not use up the subnet."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.network_profile[0].dns_service_ip == "10.245.0.10"
    error_message = "The cluster's DNS has the tenth address of services."
  }
}

run "the_pool_grows_within_its_bounds" {
  command = plan

  assert {
    condition = (
      azurerm_kubernetes_cluster.this.default_node_pool[0].auto_scaling_enabled &&
      azurerm_kubernetes_cluster.this.default_node_pool[0].min_count == 3 &&
      azurerm_kubernetes_cluster.this.default_node_pool[0].max_count == 6
    )
    error_message = "The autoscaler must keep to the bounds that were chosen."
  }

  assert {
    condition     = !coalesce(azurerm_kubernetes_cluster.this.default_node_pool[0].only_critical_addons_enabled, false)
    error_message = "The pod of run-command tolerates no taint and would find no node."
  }
}

run "the_way_out_is_a_choice" {
  command = plan

  variables {
    outbound = "userDefinedRouting"
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.network_profile[0].outbound_type == "userDefinedRouting"
    error_message = "Nodes must leave the way that was chosen."
  }
}

run "bounds_in_the_wrong_order_are_refused" {
  command = plan

  variables {
    cluster = {
      tier     = "Standard"
      upgrades = "patch"
      nodes    = { size = "Standard_D4s_v5", min = 5, max = 2, zones = [] }
    }
  }

  expect_failures = [var.cluster]
}

run "a_pool_without_nodes_is_refused" {
  command = plan

  variables {
    cluster = {
      tier     = "Standard"
      upgrades = "patch"
      nodes    = { size = "Standard_D4s_v5", min = 0, max = 2, zones = [] }
    }
  }

  expect_failures = [var.cluster]
}

run "a_fourth_zone_is_refused" {
  command = plan

  variables {
    cluster = {
      tier     = "Standard"
      upgrades = "patch"
      nodes    = { size = "Standard_D4s_v5", min = 1, max = 2, zones = ["4"] }
    }
  }

  expect_failures = [var.cluster]
}

run "an_unknown_tier_is_refused" {
  command = plan

  variables {
    cluster = {
      tier     = "Gold"
      upgrades = "patch"
      nodes    = { size = "Standard_D4s_v5", min = 1, max = 2, zones = [] }
    }
  }

  expect_failures = [var.cluster]
}

run "a_version_that_is_none_is_refused" {
  command = plan

  variables {
    cluster = {
      tier     = "Standard"
      version  = "latest"
      upgrades = "patch"
      nodes    = { size = "Standard_D4s_v5", min = 1, max = 2, zones = [] }
    }
  }

  expect_failures = [var.cluster]
}

run "an_unknown_channel_is_refused" {
  command = plan

  variables {
    cluster = {
      tier     = "Standard"
      upgrades = "nightly"
      nodes    = { size = "Standard_D4s_v5", min = 1, max = 2, zones = [] }
    }
  }

  expect_failures = [var.cluster]
}

run "services_without_a_tenth_address_are_refused" {
  command = plan

  variables {
    ranges = { pods = "10.244.0.0/16", services = "10.245.0.0/29" }
  }

  expect_failures = [var.ranges]
}

run "the_version_is_chosen_at_birth" {
  command = apply

  variables {
    cluster = {
      tier     = "Standard"
      version  = "1.34"
      upgrades = "patch"
      nodes    = { size = "Standard_D4s_v5", min = 3, max = 6, zones = ["1", "2", "3"] }
    }
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.kubernetes_version == "1.34"
    error_message = "A new cluster must have the version that was chosen."
  }
}

# What Azure has and what the file says differ from the first upgrade on.
run "the_upgrade_channel_owns_it_afterwards" {
  command = plan

  variables {
    cluster = {
      tier     = "Standard"
      version  = "1.33"
      upgrades = "patch"
      nodes    = { size = "Standard_D4s_v5", min = 3, max = 6, zones = ["1", "2", "3"] }
    }
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.kubernetes_version == "1.34"
    error_message = "The version of a cluster that exists must be left alone."
  }
}
