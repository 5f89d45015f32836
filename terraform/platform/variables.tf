# What an operator decides about an environment, in vars/<environment>.tfvars. This file and its
# neighbours variables.<topic>.tf are the same in both stacks, so that one tfvars file feeds both; a
# stack may leave a variable unused.

variable "name" {
  description = "Name of the environment and first part of every name in Azure, such as `supabase-dev`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*(-[a-z0-9]+)*$", var.name)) && length(var.name) >= 3 && length(var.name) <= 21
    error_message = "name is \"${var.name}\" (${length(var.name)} signs); it must have 3 to 21 small letters, digits and single dashes and begin with a letter, so that names made from it, such as \"${var.name}-kv\" for the vault (at most 24 signs), are legal. Rename the environment."
  }
}

variable "suffix" {
  description = "Added to names that must be unique in all of Azure: vault, storage account, PostgreSQL server. Empty by default; set it when such a name is taken."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]{0,8}$", var.suffix))
    error_message = "suffix is \"${var.suffix}\"; it must have at most 8 small letters and digits. Shorten or rename it."
  }
}

variable "location" {
  description = "Azure region in its short form, such as `centralus`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]+$", var.location))
    error_message = "location is \"${var.location}\"; write the region in its short form, small letters and digits without spaces, such as centralus. See `az account list-locations`."
  }
}

variable "tags" {
  description = "Tags of every resource, beside `environment` and `managed-by`, which the stacks add."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    # Zones of DNS carry the fewest: 15 tags.
    condition     = length(var.tags) <= 13
    error_message = "tags has ${length(var.tags)} entries; some resources carry 15, of which the stacks use two. Keep at most 13."
  }

  validation {
    condition     = alltrue([for key, value in var.tags : length(key) <= 128 && length(value) <= 256 && !can(regex("[<>%&\\\\?/]", key))])
    error_message = "tags has keys of more than 128 signs or with one of < > % & \\ ? /, or values of more than 256 signs: ${join(", ", [for key, value in var.tags : key if length(key) > 128 || length(value) > 256 || can(regex("[<>%&\\\\?/]", key))])}. Shorten or rename them."
  }

  validation {
    condition     = length(setintersection(keys(var.tags), ["environment", "managed-by"])) == 0
    error_message = "tags sets environment or managed-by, which the stacks set themselves. Use another key."
  }
}

variable "deployer_object_id" {
  description = "Object id of whoever deploys and seeds the vault; the caller by default. Set it when different callers plan this environment, so that its roles do not move from one to the other."
  type        = string
  default     = null

  validation {
    condition     = var.deployer_object_id == null || can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", var.deployer_object_id))
    error_message = "deployer_object_id is \"${coalesce(var.deployer_object_id, "null")}\", which is no object id. See `az ad signed-in-user show --query id`, or leave it out."
  }
}

variable "assign_roles" {
  description = "Whether Terraform assigns the roles that the environment needs. Set it to false when the deployer may not assign roles: the output `role_assignments` then lists what an owner must assign, and the flows print the commands and wait."
  type        = bool
  default     = true
  nullable    = false
}

variable "lock" {
  description = "Whether Azure refuses to delete the resource group and what is in it. Set it to false and apply before a destroy, and before a change that deletes or replaces."
  type        = bool
  default     = false
  nullable    = false
}

variable "namespace" {
  description = "Kubernetes namespace of Supabase; its service account `vault-reader` may read the vault."
  type        = string
  default     = "supabase"
  nullable    = false
}
