# The private cluster: its API server has an address inside the network only, and run-command is
# the door for those who stand outside.

locals {
  system = var.pools["system"]
  others = { for name, pool in var.pools : name => pool if name != "system" }

  pods = 250 # On a node: what its range of 256 addresses holds.

  # What Azure calls the ways out.
  outbound = {
    loadBalancer       = "loadBalancer"
    natGateway         = "userAssignedNATGateway"
    userDefinedRouting = "userDefinedRouting"
  }
}

resource "azurerm_kubernetes_cluster" "this" {
  # checkov:skip=CKV_AZURE_117: Azure's keys encrypt every disk; nodes hold nothing that outlives them.
  # checkov:skip=CKV_AZURE_141: Off unless `local_accounts` asks for them; checkov does not compute it.
  # checkov:skip=CKV_AZURE_227: An option, `host_encryption`: the subscription must have the feature.

  name                = "${var.name}-aks"
  location            = var.location
  resource_group_name = var.resource_group_name
  dns_prefix          = var.name
  sku_tier            = var.cluster.tier
  support_plan        = var.cluster.tier == "Premium" ? "AKSLongTermSupport" : "KubernetesOfficial" # Azure sells the two together.
  tags                = var.tags

  kubernetes_version        = var.cluster.version # None: the region's default.
  automatic_upgrade_channel = var.cluster.upgrades
  node_os_upgrade_channel   = var.cluster.node_images

  private_cluster_enabled             = true
  private_cluster_public_fqdn_enabled = var.cluster.private_dns_zone_id == "None" # Some name it must have.
  private_dns_zone_id                 = coalesce(var.cluster.private_dns_zone_id, "System")
  run_command_enabled                 = true

  local_account_disabled    = !var.cluster.local_accounts # People and pipelines sign in through Entra ID.
  oidc_issuer_enabled       = true
  workload_identity_enabled = true

  azure_policy_enabled         = var.cluster.policy
  cost_analysis_enabled        = var.cluster.cost_analysis
  image_cleaner_enabled        = var.cluster.image_cleaner_hours > 0
  image_cleaner_interval_hours = var.cluster.image_cleaner_hours > 0 ? var.cluster.image_cleaner_hours : null

  azure_active_directory_role_based_access_control {
    tenant_id              = var.tenant_id
    azure_rbac_enabled     = true
    admin_group_object_ids = var.cluster.admin_group_ids
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [var.identity_id]
  }

  kubelet_identity {
    user_assigned_identity_id = var.kubelet.identity_id
    client_id                 = var.kubelet.client_id
    object_id                 = var.kubelet.object_id
  }

  default_node_pool {
    name                         = "system"
    vm_size                      = local.system.size
    vnet_subnet_id               = var.subnet_id
    zones                        = length(local.system.zones) > 0 ? local.system.zones : null
    auto_scaling_enabled         = true
    min_count                    = local.system.min
    max_count                    = local.system.max
    max_pods                     = local.pods
    only_critical_addons_enabled = length(local.others) > 0
    os_disk_type                 = local.system.disk.type
    os_disk_size_gb              = local.system.disk.gb
    host_encryption_enabled      = var.cluster.host_encryption
    tags                         = var.tags

    # A new machine size moves the pods to a pool of this name and back; the cluster stays.
    temporary_name_for_rotation = "moving"

    upgrade_settings {
      max_surge = local.system.surge
    }
  }

  # Pools with bounds of their own, rather than nodes that Azure chooses.
  node_provisioning_profile {
    mode = "Manual"
  }

  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    network_policy      = "cilium"
    network_data_plane  = "cilium"
    pod_cidr            = var.ranges.pods
    service_cidr        = var.ranges.services
    dns_service_ip      = cidrhost(var.ranges.services, 10)
    outbound_type       = local.outbound[var.outbound]
  }

  maintenance_window_auto_upgrade {
    frequency   = "Weekly"
    interval    = 1
    day_of_week = var.cluster.maintenance.cluster.day
    start_time  = format("%02d:00", var.cluster.maintenance.cluster.hour)
    utc_offset  = "+00:00"
    duration    = var.cluster.maintenance.cluster.hours
  }

  maintenance_window_node_os {
    frequency   = "Weekly"
    interval    = 1
    day_of_week = var.cluster.maintenance.nodes.day
    start_time  = format("%02d:00", var.cluster.maintenance.nodes.hour)
    utc_offset  = "+00:00"
    duration    = var.cluster.maintenance.nodes.hours
  }

  dynamic "key_vault_secrets_provider" {
    for_each = var.cluster.csi ? ["on"] : []

    content {
      secret_rotation_enabled = true
    }
  }

  dynamic "microsoft_defender" {
    for_each = var.cluster.defender ? ["on"] : []

    content {
      log_analytics_workspace_id = var.workspace_id
    }
  }

  # The agents; data collection rules say what they collect and where it goes.
  dynamic "monitor_metrics" {
    for_each = var.agents.metrics ? ["on"] : []

    content {
      annotations_allowed = null
      labels_allowed      = null
    }
  }

  dynamic "oms_agent" {
    for_each = var.agents.logs ? ["on"] : []

    content {
      log_analytics_workspace_id      = var.workspace_id
      msi_auth_for_monitoring_enabled = true
    }
  }

  # The flow `configure` adds Gateway API, which azurerm cannot ask for and does not see.
  dynamic "web_app_routing" {
    for_each = var.app_routing ? ["on"] : []

    content {
      dns_zone_ids             = []
      default_nginx_controller = "None"
    }
  }

  lifecycle {
    ignore_changes = [
      # Chosen at birth; the upgrade channel owns it afterwards, and Azure refuses the way back.
      kubernetes_version,
      # The autoscaler owns this number once the pool exists.
      default_node_pool[0].node_count,
    ]
  }
}
