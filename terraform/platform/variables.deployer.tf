# What the deployer passes when it runs this stack, beside the tfvars file.

variable "foundation" {
  description = "Outputs of the foundation stack, as `terraform output -json` reports their values. Outputs that this stack does not need may be present."
  type = object({
    resource_group_name          = string
    resource_group_id            = string
    location                     = string
    tenant_id                    = string
    deployer_object_id           = string
    database_zone_id             = string
    vault_zone_id                = optional(string)
    storage_zone_id              = optional(string)
    registry_zone_id             = optional(string)
    cluster_subnet_id            = string
    database_subnet_id           = string
    endpoints_subnet_id          = string
    gateway_subnet_id            = optional(string)
    cluster_identity_id          = string
    kubelet_identity_id          = string
    kubelet_client_id            = string
    kubelet_object_id            = string
    external_secrets_identity_id = string
    s3proxy_identity_id          = string
    vault_id                     = string
    storage_account_id           = string
    registry_id                  = optional(string)
    log_analytics_workspace_id   = string
  })
  nullable = false
}

variable "database_password" {
  description = "First password of the database's administrator: any random one of 8 to 128 signs, thrown away after creation. It enters neither plan nor state."
  type        = string
  ephemeral   = true
  sensitive   = true
  nullable    = false
}
