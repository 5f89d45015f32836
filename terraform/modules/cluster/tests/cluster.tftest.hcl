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
  ranges       = { pods = "10.244.0.0/16", services = "10.245.0.0/16" }
  outbound     = "loadBalancer"
  app_routing  = false
  workspace_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/test-rg/providers/Microsoft.OperationalInsights/workspaces/test-logs"
  agents       = { metrics = false, logs = false }
  cluster = {
    tier                = "Standard"
    upgrades            = "patch"
    node_images         = "NodeImage"
    admin_group_ids     = []
    local_accounts      = false
    image_cleaner_hours = 168
    host_encryption     = false
    policy              = true
    defender            = false
    cost_analysis       = false
    csi                 = false
    maintenance = {
      cluster = { day = "Sunday", hour = 1, hours = 4 }
      nodes   = { day = "Wednesday", hour = 1, hours = 4 }
    }
  }
  pools = {
    system = {
      size = "Standard_D4ds_v5", min = 3, max = 6, zones = ["1", "2", "3"]
      disk = { type = "Ephemeral", gb = 128 }, surge = "10%"
    }
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
    condition     = !azurerm_kubernetes_cluster.this.default_node_pool[0].only_critical_addons_enabled
    error_message = "Where there is no other pool, everything runs here: the pod of run-command, too, tolerates no taint."
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

run "a_nat_gateway_is_called_as_azure_calls_it" {
  command = plan

  variables {
    outbound = "natGateway"
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.network_profile[0].outbound_type == "userAssignedNATGateway"
    error_message = "The gateway is the subnet's, not one that AKS makes."
  }
}

run "upgrades_happen_within_their_hours" {
  command = plan

  assert {
    condition     = azurerm_kubernetes_cluster.this.maintenance_window_auto_upgrade[0].day_of_week == "Sunday" && azurerm_kubernetes_cluster.this.maintenance_window_auto_upgrade[0].start_time == "01:00"
    error_message = "New versions come in their window."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.maintenance_window_node_os[0].day_of_week == "Wednesday" && azurerm_kubernetes_cluster.this.node_os_upgrade_channel == "NodeImage"
    error_message = "New images of nodes come in theirs."
  }
}

run "costly_and_foreign_parts_are_off_until_chosen" {
  command = plan

  assert {
    condition = (
      length(azurerm_kubernetes_cluster.this.microsoft_defender) == 0 &&
      length(azurerm_kubernetes_cluster.this.key_vault_secrets_provider) == 0 &&
      length(azurerm_kubernetes_cluster.this.monitor_metrics) == 0 &&
      length(azurerm_kubernetes_cluster.this.oms_agent) == 0 &&
      length(azurerm_kubernetes_cluster.this.web_app_routing) == 0
    )
    error_message = "Defender, CSI, agents and application routing are options."
  }
}

run "the_premium_tier_comes_with_long_term_support" {
  command = plan

  variables {
    cluster = merge(var.cluster, { tier = "Premium" })
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.support_plan == "AKSLongTermSupport"
    error_message = "Azure refuses one without the other."
  }
}

run "every_option_is_there_when_chosen" {
  command = plan

  variables {
    app_routing = true
    agents      = { metrics = true, logs = true }
    cluster     = merge(var.cluster, { defender = true, csi = true, cost_analysis = true, image_cleaner_hours = 0, admin_group_ids = ["44444444-4444-4444-4444-444444444444"] })
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.microsoft_defender[0].log_analytics_workspace_id == var.workspace_id
    error_message = "Defender writes to the workspace."
  }

  assert {
    condition     = length(azurerm_kubernetes_cluster.this.monitor_metrics) == 1 && azurerm_kubernetes_cluster.this.oms_agent[0].msi_auth_for_monitoring_enabled
    error_message = "The agents run, and sign in without the workspace's key."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.key_vault_secrets_provider[0].secret_rotation_enabled
    error_message = "A rotated secret must reach the volumes."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.web_app_routing[0].default_nginx_controller == "None"
    error_message = "Support of AKS' NGINX ends; no new environment starts with it."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.cost_analysis_enabled && !azurerm_kubernetes_cluster.this.image_cleaner_enabled
    error_message = "0 hours switch the image cleaner off."
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.azure_active_directory_role_based_access_control[0].admin_group_object_ids == tolist(["44444444-4444-4444-4444-444444444444"])
    error_message = "The groups that were named administer the cluster."
  }
}

run "an_own_zone_holds_the_name_of_the_api_server" {
  command = plan

  variables {
    cluster = merge(var.cluster, { private_dns_zone_id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/hub/providers/Microsoft.Network/privateDnsZones/privatelink.centralus.azmk8s.io" })
  }

  assert {
    condition     = endswith(azurerm_kubernetes_cluster.this.private_dns_zone_id, "/privatelink.centralus.azmk8s.io") && !azurerm_kubernetes_cluster.this.private_cluster_public_fqdn_enabled
    error_message = "The zone must be the one that was chosen, and the only one."
  }
}

run "without_a_zone_the_private_address_has_a_public_name" {
  command = plan

  variables {
    cluster = merge(var.cluster, { private_dns_zone_id = "None" })
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.private_dns_zone_id == "None" && azurerm_kubernetes_cluster.this.private_cluster_public_fqdn_enabled && azurerm_kubernetes_cluster.this.private_cluster_enabled
    error_message = "Nodes must find the API server by some name."
  }
}

run "pools_of_their_own_leave_the_system_alone" {
  command = plan

  variables {
    pools = merge(var.pools, {
      apps = { size = "Standard_D8ds_v5", min = 2, max = 9, zones = ["1", "2"], disk = { type = "Ephemeral", gb = 200 }, surge = "33%", labels = { tier = "apps" }, taints = [] }
      jobs = { size = "Standard_D4ds_v5", min = 0, max = 4, zones = [], disk = { type = "Managed", gb = 64 }, surge = "1", labels = {}, taints = ["jobs=only:NoSchedule"] }
    })
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.default_node_pool[0].only_critical_addons_enabled
    error_message = "With another pool for the rest, the system pool is the system's."
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this["apps"].mode == "User" && azurerm_kubernetes_cluster_node_pool.this["apps"].max_count == 9 && azurerm_kubernetes_cluster_node_pool.this["apps"].os_disk_type == "Ephemeral"
    error_message = "A pool is made as it was chosen."
  }

  assert {
    condition     = azurerm_kubernetes_cluster_node_pool.this["jobs"].node_taints == tolist(["jobs=only:NoSchedule"]) && azurerm_kubernetes_cluster_node_pool.this["jobs"].zones == null
    error_message = "A pool is made as it was chosen, also without zones."
  }
}

run "a_pool_that_nobody_may_use_is_refused" {
  command = plan

  variables {
    pools = merge(var.pools, {
      jobs = { size = "Standard_D4ds_v5", min = 1, max = 4, zones = [], disk = { type = "Managed", gb = 64 }, surge = "1", labels = {}, taints = ["jobs=only:NoSchedule"] }
    })
  }

  expect_failures = [var.pools]
}

run "a_name_that_is_too_long_for_a_pool_is_refused" {
  command = plan

  variables {
    pools = merge(var.pools, {
      applications = { size = "Standard_D4ds_v5", min = 1, max = 4, zones = [], disk = { type = "Managed", gb = 64 }, surge = "1", labels = {}, taints = [] }
    })
  }

  expect_failures = [var.pools]
}

run "bounds_in_the_wrong_order_are_refused" {
  command = plan

  variables {
    pools = { system = merge(var.pools["system"], { min = 5, max = 2 }) }
  }

  expect_failures = [var.pools]
}

run "a_system_pool_without_nodes_is_refused" {
  command = plan

  variables {
    pools = { system = merge(var.pools["system"], { min = 0 }) }
  }

  expect_failures = [var.pools]
}

run "a_fourth_zone_is_refused" {
  command = plan

  variables {
    pools = { system = merge(var.pools["system"], { zones = ["4"] }) }
  }

  expect_failures = [var.pools]
}

run "a_disk_of_another_kind_is_refused" {
  command = plan

  variables {
    pools = { system = merge(var.pools["system"], { disk = { type = "Floppy", gb = 128 } }) }
  }

  expect_failures = [var.pools]
}

run "a_surge_that_is_none_is_refused" {
  command = plan

  variables {
    pools = { system = merge(var.pools["system"], { surge = "some" }) }
  }

  expect_failures = [var.pools]
}

run "an_unknown_tier_is_refused" {
  command = plan

  variables {
    cluster = merge(var.cluster, { tier = "Gold" })
  }

  expect_failures = [var.cluster]
}

run "a_version_that_is_none_is_refused" {
  command = plan

  variables {
    cluster = merge(var.cluster, { version = "latest" })
  }

  expect_failures = [var.cluster]
}

run "an_unknown_channel_is_refused" {
  command = plan

  variables {
    cluster = merge(var.cluster, { upgrades = "nightly" })
  }

  expect_failures = [var.cluster]
}

run "an_unknown_channel_of_images_is_refused" {
  command = plan

  variables {
    cluster = merge(var.cluster, { node_images = "Weekly" })
  }

  expect_failures = [var.cluster]
}

run "a_channel_that_contradicts_the_other_is_refused" {
  command = plan

  variables {
    cluster = merge(var.cluster, { upgrades = "node-image", node_images = "None" })
  }

  expect_failures = [var.cluster]
}

run "a_zone_of_another_service_is_refused" {
  command = plan

  variables {
    cluster = merge(var.cluster, { private_dns_zone_id = "/subscriptions/s/resourceGroups/hub/providers/Microsoft.Network/privateDnsZones/privatelink.blob.core.windows.net" })
  }

  expect_failures = [var.cluster]
}

run "a_group_without_an_id_is_refused" {
  command = plan

  variables {
    cluster = merge(var.cluster, { admin_group_ids = ["admins"] })
  }

  expect_failures = [var.cluster]
}

run "images_cleaned_every_hour_are_refused" {
  command = plan

  variables {
    cluster = merge(var.cluster, { image_cleaner_hours = 1 })
  }

  expect_failures = [var.cluster]
}

run "cost_analysis_of_a_free_cluster_is_refused" {
  command = plan

  variables {
    cluster = merge(var.cluster, { tier = "Free", cost_analysis = true })
  }

  expect_failures = [var.cluster]
}

run "a_window_of_an_hour_is_refused" {
  command = plan

  variables {
    cluster = merge(var.cluster, { maintenance = { cluster = { day = "Sunday", hour = 1, hours = 1 }, nodes = { day = "Sunday", hour = 1, hours = 4 } } })
  }

  expect_failures = [var.cluster]
}

run "a_day_that_is_none_is_refused" {
  command = plan

  variables {
    cluster = merge(var.cluster, { maintenance = { cluster = { day = "Someday", hour = 1, hours = 4 }, nodes = { day = "Sunday", hour = 1, hours = 4 } } })
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
    cluster = merge(var.cluster, { version = "1.34" })
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
    cluster = merge(var.cluster, { version = "1.33" })
  }

  assert {
    condition     = azurerm_kubernetes_cluster.this.kubernetes_version == "1.34"
    error_message = "The version of a cluster that exists must be left alone."
  }
}
