output "cluster" {
  description = "Identity with which AKS manages the network: id, client_id, object_id."
  value = {
    id        = azurerm_user_assigned_identity.this["cluster"].id
    client_id = azurerm_user_assigned_identity.this["cluster"].client_id
    object_id = azurerm_user_assigned_identity.this["cluster"].principal_id
  }
}

output "kubelet" {
  description = "Identity of the nodes: id, client_id, object_id."
  value = {
    id        = azurerm_user_assigned_identity.this["kubelet"].id
    client_id = azurerm_user_assigned_identity.this["kubelet"].client_id
    object_id = azurerm_user_assigned_identity.this["kubelet"].principal_id
  }
}

output "external_secrets" {
  description = "Identity with which External Secrets reads the vault: id, client_id, object_id."
  value = {
    id        = azurerm_user_assigned_identity.this["external-secrets"].id
    client_id = azurerm_user_assigned_identity.this["external-secrets"].client_id
    object_id = azurerm_user_assigned_identity.this["external-secrets"].principal_id
  }
}

output "s3proxy" {
  description = "Identity with which S3Proxy reads and writes objects: id, client_id, object_id."
  value = {
    id        = azurerm_user_assigned_identity.this["s3proxy"].id
    client_id = azurerm_user_assigned_identity.this["s3proxy"].client_id
    object_id = azurerm_user_assigned_identity.this["s3proxy"].principal_id
  }
}
