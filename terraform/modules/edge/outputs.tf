output "id" {
  description = "Id of the gateway; a Gateway of Kubernetes names it in an annotation."
  value       = azurerm_application_load_balancer.this.id

  # Without its place in a subnet the gateway answers nobody.
  depends_on = [azurerm_application_load_balancer_subnet_association.this]
}

output "frontend" {
  description = "Name of the frontend, which a Gateway of Kubernetes names as its address."
  value       = azurerm_application_load_balancer_frontend.this.name
}

output "host" {
  description = "Name of the frontend on the internet; the environment's host name is an alias (CNAME) of it."
  value       = azurerm_application_load_balancer_frontend.this.fully_qualified_domain_name
}

output "waf_policy_id" {
  description = "Id of the firewall policy, which a WebApplicationFirewallPolicy of Kubernetes names; null without one."
  value       = one(azurerm_web_application_firewall_policy.this[*].id)

  # Only a policy that the gateway knows can be named.
  depends_on = [azurerm_application_load_balancer_security_policy.this]
}

output "controller" {
  description = "Identity of the controller (id, client_id, object_id) and the service account that may sign in as it (namespace, service_account)."
  value = merge(local.controller, {
    id        = azurerm_user_assigned_identity.controller.id
    client_id = azurerm_user_assigned_identity.controller.client_id
    object_id = azurerm_user_assigned_identity.controller.principal_id
  })

  # Before, the controller cannot sign in.
  depends_on = [azurerm_federated_identity_credential.controller]
}
