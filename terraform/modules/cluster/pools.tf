# Pools for everything that is not the cluster's own.

resource "azurerm_kubernetes_cluster_node_pool" "this" {
  # checkov:skip=CKV_AZURE_227: An option, `host_encryption`: the subscription must have the feature.

  for_each = local.others

  name                        = each.key
  kubernetes_cluster_id       = azurerm_kubernetes_cluster.this.id
  mode                        = "User"
  vm_size                     = each.value.size
  vnet_subnet_id              = var.subnet_id
  zones                       = length(each.value.zones) > 0 ? each.value.zones : null
  auto_scaling_enabled        = true
  min_count                   = each.value.min
  max_count                   = each.value.max
  max_pods                    = local.pods
  os_disk_type                = each.value.disk.type
  os_disk_size_gb             = each.value.disk.gb
  host_encryption_enabled     = var.cluster.host_encryption
  node_labels                 = each.value.labels
  node_taints                 = each.value.taints
  temporary_name_for_rotation = "${each.key}tmp"
  tags                        = var.tags

  upgrade_settings {
    max_surge = each.value.surge
  }

  lifecycle {
    ignore_changes = [node_count] # The autoscaler owns this number once the pool exists.
  }
}
