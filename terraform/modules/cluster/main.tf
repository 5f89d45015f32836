# The private cluster: its API server has an address inside the network only, and run-command is
# the door for those who stand outside.

resource "azurerm_kubernetes_cluster" "this" {
  name                = "${var.name}-aks"
  location            = var.location
  resource_group_name = var.resource_group_name
  dns_prefix          = var.name
  sku_tier            = var.cluster.tier
  tags                = var.tags

  kubernetes_version        = var.cluster.version # None: the region's default.
  automatic_upgrade_channel = var.cluster.upgrades
  node_os_upgrade_channel   = "NodeImage"

  private_cluster_enabled             = true
  private_cluster_public_fqdn_enabled = false
  private_dns_zone_id                 = "System"
  run_command_enabled                 = true

  local_account_disabled    = true # People and pipelines sign in through Entra ID.
  oidc_issuer_enabled       = true
  workload_identity_enabled = true

  azure_active_directory_role_based_access_control {
    tenant_id          = var.tenant_id
    azure_rbac_enabled = true
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
    name                 = "system"
    vm_size              = var.cluster.nodes.size
    vnet_subnet_id       = var.subnet_id
    zones                = length(var.cluster.nodes.zones) > 0 ? var.cluster.nodes.zones : null
    auto_scaling_enabled = true
    min_count            = var.cluster.nodes.min
    max_count            = var.cluster.nodes.max
    tags                 = var.tags

    # A new machine size moves the pods to a pool of this name and back; the cluster stays.
    temporary_name_for_rotation = "moving"

    upgrade_settings {
      max_surge = "10%"
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
    outbound_type       = var.outbound
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
