output "zone_ids" {
  description = "Id of each zone, once its names are known in the network."
  value       = { for service, zone in azurerm_private_dns_zone.this : service => zone.id }

  # Azure builds a private database only where its name can be resolved.
  depends_on = [azurerm_private_dns_zone_virtual_network_link.this]
}
