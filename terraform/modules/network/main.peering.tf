# The network of a hub, whose firewall is the way out with `userDefinedRouting`: without it, the first nodes
# reach nobody. Each side names the other.

locals {
  # /subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Network/virtualNetworks/<name>
  hub = var.network.hub_id == null ? null : split("/", var.network.hub_id)
}

resource "azurerm_virtual_network_peering" "to_hub" {
  count = local.hub == null ? 0 : 1

  name                      = "hub"
  resource_group_name       = var.resource_group_name
  virtual_network_name      = azurerm_virtual_network.this.name
  remote_virtual_network_id = var.network.hub_id
  allow_forwarded_traffic   = true # What the firewall passes on has others' addresses.
}

resource "azurerm_virtual_network_peering" "from_hub" {
  count = local.hub == null ? 0 : 1

  name                      = var.name
  resource_group_name       = local.hub[4]
  virtual_network_name      = local.hub[8]
  remote_virtual_network_id = azurerm_virtual_network.this.id
}
