variable "name" {
  description = "Name of the environment; the account is called `<name>stg<suffix>` without dashes."
  type        = string
  nullable    = false
}

variable "suffix" {
  description = "Makes the account's name unique among all tenants; empty for none."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", "${replace(var.name, "-", "")}stg${var.suffix}"))
    error_message = "The storage account's name \"${replace(var.name, "-", "")}stg${var.suffix}\" must have 3 to 24 small letters and digits. Shorten name or suffix."
  }
}

variable "location" {
  description = "Azure region in its short form, such as `centralus`."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group that holds the account."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of the account."
  type        = map(string)
  nullable    = false
}

variable "subnet_ids" {
  description = "Subnets that reach the account by the service endpoint Microsoft.Storage, which they must have; none when private endpoints lead to it."
  type        = list(string)
  nullable    = false
}

variable "storage" {
  description = "Replication of the account, name of the container, how many days deleted blobs and containers can be brought back, whether versions are kept and for how many days, after how many days without a change objects move to the cool tier, and whether requests signed with the account's key are taken."
  type = object({
    replication    = string
    container      = string
    retention_days = number
    versioning     = optional(bool, true)
    versions_days  = optional(number, 30)
    cool_days      = optional(number)
    shared_key     = optional(bool, true)
  })
  nullable = false

  validation {
    condition     = contains(["LRS", "ZRS", "GRS", "RAGRS", "GZRS", "RAGZRS"], var.storage.replication)
    error_message = "storage.replication is \"${var.storage.replication}\", and Azure knows LRS, ZRS, GRS, RAGRS, GZRS and RAGZRS. Choose one of these."
  }

  validation {
    condition     = can(regex("^[a-z0-9](-?[a-z0-9]){2,62}$", var.storage.container)) && length(var.storage.container) <= 63
    error_message = "storage.container is \"${var.storage.container}\"; a container's name has 3 to 63 small letters, digits and single dashes between them. Rename it."
  }

  validation {
    condition     = var.storage.retention_days >= 1 && var.storage.retention_days <= 365 && floor(var.storage.retention_days) == var.storage.retention_days
    error_message = "storage.retention_days is ${var.storage.retention_days}, and Azure keeps deleted blobs for 1 to 365 whole days. Choose a number in between."
  }

  validation {
    condition     = var.storage.versions_days >= 1 && var.storage.versions_days <= 99999 && floor(var.storage.versions_days) == var.storage.versions_days
    error_message = "storage.versions_days is ${var.storage.versions_days}, and Azure keeps versions for 1 to 99999 whole days. Choose a number in between."
  }

  validation {
    condition     = var.storage.cool_days == null ? true : var.storage.cool_days >= 1 && var.storage.cool_days <= 99999 && floor(var.storage.cool_days) == var.storage.cool_days
    error_message = "storage.cool_days is ${coalesce(var.storage.cool_days, 0)}, and Azure moves objects after 1 to 99999 whole days. Choose a number in between, or leave it out."
  }
}
