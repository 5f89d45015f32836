# The deployer passes these; they come from `state:` in deployments/<environment>.yaml.

variable "resource_group" {
  description = "Resource group of the state's storage account."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[-\\w.()]{0,89}[-\\w()]$", var.resource_group))
    error_message = "state.resource_group is \"${var.resource_group}\"; it must have 1 to 90 letters, digits, dashes, dots, underscores and brackets, and no dot at its end. Rename it."
  }
}

variable "location" {
  description = "Azure region of the state, in its short form, such as `centralus`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]+$", var.location))
    error_message = "state.location is \"${var.location}\"; write the region in its short form, small letters and digits without spaces, such as centralus. See `az account list-locations`."
  }
}

variable "storage_account" {
  description = "Name of the storage account, unique in all of Azure."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]{3,24}$", var.storage_account))
    error_message = "state.storage_account is \"${var.storage_account}\"; it must have 3 to 24 small letters and digits. Rename it."
  }
}

variable "container" {
  description = "Container that holds one blob for each environment and stack."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9](-?[a-z0-9]){2,62}$", var.container))
    error_message = "state.container is \"${var.container}\"; it must have 3 to 63 small letters, digits and single dashes. Rename it."
  }
}

variable "replication" {
  description = "How often Azure keeps the state: `LRS`, `ZRS`, `GRS`, `GZRS`, or `RAGRS` and `RAGZRS`, which can be read elsewhere. An account that exists keeps its own."
  type        = string
  default     = "ZRS"
  nullable    = false

  validation {
    condition     = contains(["LRS", "ZRS", "GRS", "GZRS", "RAGRS", "RAGZRS"], var.replication)
    error_message = "state.replication is \"${var.replication}\"; choose LRS, ZRS, GRS, GZRS, RAGRS or RAGZRS."
  }
}

variable "allowed" {
  description = "Addresses and ranges that reach the state; empty lets in every network. A role is needed in any case."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for one in var.allowed : can(cidrhost(strcontains(one, "/") ? one : "${one}/32", 0))])
    error_message = "state.allowed has what is neither an address nor a range: ${join(", ", [for one in var.allowed : one if !can(cidrhost(strcontains(one, "/") ? one : "${one}/32", 0))])}. Write 203.0.113.7 or 203.0.113.0/24."
  }

  validation {
    condition     = !anytrue([for one in var.allowed : can(regex("^(10|127|169\\.254|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\.|/31$", one))])
    error_message = "state.allowed has private addresses or ranges of two (${join(", ", [for one in var.allowed : one if can(regex("^(10|127|169\\.254|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\.|/31$", one))])}), which a storage account's firewall refuses. Write public addresses, two of them instead of a /31."
  }
}

variable "retention_days" {
  description = "For how long deleted and overwritten state can be brought back."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.retention_days >= 7 && var.retention_days <= 365
    error_message = "state.retention_days is ${var.retention_days}; it must be between 7 and 365."
  }
}

variable "assign_role" {
  description = "Whether to give the deployer the role that it still needs on the state."
  type        = bool
  default     = true
  nullable    = false
}

variable "lock" {
  description = "Whether Azure refuses to delete the account; making a lock takes Owner or User Access Administrator."
  type        = bool
  default     = true
  nullable    = false
}

variable "existing" {
  description = "Ids of what is there already, by resource: it is taken over as it is. This stack keeps no state of its own, so the deployer looks each time."
  type = object({
    group     = optional(string)
    account   = optional(string)
    container = optional(string)
    lock      = optional(string)
    role      = optional(string)
  })
  default  = {}
  nullable = false
}
