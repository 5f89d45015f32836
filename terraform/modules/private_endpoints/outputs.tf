output "addresses" {
  description = "Address of each service inside the network."
  value       = { for service, endpoint in azurerm_private_endpoint.this : service => endpoint.private_service_connection[0].private_ip_address }
}
