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

variable "outbound" {
  description = "How nodes reach the world: `loadBalancer` (a public address of the cluster) or `userDefinedRouting` (through `network.firewall`)."
  type        = string
  default     = "loadBalancer"
  nullable    = false

  validation {
    condition     = contains(["loadBalancer", "userDefinedRouting"], var.outbound)
    error_message = "outbound is \"${var.outbound}\", and the stacks know loadBalancer and userDefinedRouting. Choose one of these."
  }
}

variable "network" {
  description = "Address ranges: of the network, of its subnets, of pods and services (inside the cluster only), of the clients that may reach a load balancer of the cluster on ports 80 and 443 (none by default), and the private address of a firewall for `userDefinedRouting`."
  type = object({
    address_space = optional(string, "10.40.0.0/16")
    subnets = optional(object({
      cluster   = optional(string, "10.40.0.0/22")
      database  = optional(string, "10.40.4.0/27")
      endpoints = optional(string, "10.40.5.0/26")
    }), {})
    pods     = optional(string, "10.244.0.0/16")
    services = optional(string, "10.245.0.0/16")
    clients  = optional(list(string), [])
    firewall = optional(string)
  })
  default  = {}
  nullable = false
}

variable "vault" {
  description = "How long Azure keeps a deleted vault, and whether it may be purged before. Both are fixed at creation."
  type = object({
    purge_protection = optional(bool, true)
    retention_days   = optional(number, 90)
  })
  default  = {}
  nullable = false
}

variable "storage" {
  description = "Replication of the storage account, name of the container, and how many days deleted objects can be brought back."
  type = object({
    replication    = optional(string, "ZRS")
    container      = optional(string, "supabase")
    retention_days = optional(number, 30)
  })
  default  = {}
  nullable = false
}

variable "namespace" {
  description = "Kubernetes namespace of Supabase; its service account `vault-reader` may read the vault."
  type        = string
  default     = "supabase"
  nullable    = false
}
