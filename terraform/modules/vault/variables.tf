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

variable "vault" {
  description = "Whether a deleted vault may be purged before its time, and how many days it is kept. Azure fixes the days at creation, and purge protection cannot be taken back."
  type = object({
    purge_protection = bool
    retention_days   = number
  })
  nullable = false

  validation {
    condition     = var.vault.retention_days >= 7 && var.vault.retention_days <= 90 && floor(var.vault.retention_days) == var.vault.retention_days
    error_message = "vault.retention_days is ${var.vault.retention_days}, and Azure keeps deleted vaults for 7 to 90 whole days. Choose a number in between."
  }
}
