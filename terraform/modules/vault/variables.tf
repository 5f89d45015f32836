variable "name" {
  description = "Name of the environment; the vault is called `<name>-kv`, or `<name>-kv-<suffix>`."
  type        = string
  nullable    = false
}

variable "suffix" {
  description = "Makes the vault's name unique among all tenants; empty for none."
  type        = string
  nullable    = false

  validation {
    condition     = length(join("-", compact([var.name, "kv", var.suffix]))) <= 24
    error_message = "The vault's name \"${join("-", compact([var.name, "kv", var.suffix]))}\" is longer than the 24 signs that Azure allows. Shorten name or suffix."
  }
}

variable "location" {
  description = "Azure region in its short form, such as `centralus`."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group that holds the vault."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of the vault."
  type        = map(string)
  nullable    = false
}

variable "tenant_id" {
  description = "Tenant whose identities may sign in to the vault."
  type        = string
  nullable    = false
}

variable "subnet_ids" {
  description = "Subnets that reach the vault by the service endpoint Microsoft.KeyVault, which they must have; none when private endpoints lead to it."
  type        = list(string)
  nullable    = false
}

variable "vault" {
  description = "Whether a deleted vault may be purged before its time, and how many days it is kept. Azure fixes the days at creation, and purge protection cannot be taken back. `allowed` are public addresses or ranges that reach the vault from outside."
  type = object({
    purge_protection = bool
    retention_days   = number
    allowed          = optional(list(string), [])
  })
  nullable = false

  validation {
    condition     = var.vault.retention_days >= 7 && var.vault.retention_days <= 90 && floor(var.vault.retention_days) == var.vault.retention_days
    error_message = "vault.retention_days is ${var.vault.retention_days}, and Azure keeps deleted vaults for 7 to 90 whole days. Choose a number in between."
  }

  validation {
    condition = alltrue([
      for range in var.vault.allowed :
      try(cidrhost(strcontains(range, "/") ? range : "${range}/32", 0) == split("/", range)[0], false)
    ])
    error_message = "vault.allowed holds what is no IPv4 address or range: ${join(", ", [
      for range in var.vault.allowed : coalesce(range, "null")
      if !try(cidrhost(strcontains(range, "/") ? range : "${range}/32", 0) == split("/", range)[0], false)
    ])}. Write an address such as 203.0.113.7, or the first one and the length of the prefix, such as 203.0.113.0/24."
  }

  validation {
    condition     = !anytrue([for range in var.vault.allowed : can(regex("^(10|127|169\\.254|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\.", range))])
    error_message = "vault.allowed holds private addresses (${join(", ", [for range in var.vault.allowed : range if can(regex("^(10|127|169\\.254|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\.", range))])}), which Azure's firewall refuses. Name the public address behind which they are, or reach the vault through its private endpoint."
  }
}
