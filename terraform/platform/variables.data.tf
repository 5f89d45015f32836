# Where secrets, objects, images and logs are kept.

variable "vault" {
  description = "How long Azure keeps a deleted vault, and whether it may be purged before; both are fixed at creation. `allowed` are public addresses or ranges that reach the vault from outside the network, such as the deployer's; nobody by default. `reader_scope` says what External Secrets may read: the whole `vault`, or by a role on each name only those `secrets` that the cluster reads, with `provided` ones of your own."
  type = object({
    purge_protection = optional(bool, true)
    retention_days   = optional(number, 90)
    allowed          = optional(list(string), [])
    reader_scope     = optional(string, "vault")
    provided         = optional(list(string), [])
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["vault", "secrets"], var.vault.reader_scope)
    error_message = "vault.reader_scope is \"${var.vault.reader_scope}\". Choose vault for one role on all of it, or secrets for a role on each name that the cluster reads."
  }

  validation {
    condition     = alltrue([for name in var.vault.provided : can(regex("^[0-9A-Za-z-]{1,127}$", name))])
    error_message = "vault.provided holds what is no name of a secret: ${join(", ", [for name in var.vault.provided : name if !can(regex("^[0-9A-Za-z-]{1,127}$", name))])}. Names have up to 127 letters, digits and dashes, as in the environment file's provided_secrets."
  }
}

variable "storage" {
  description = "Replication of the storage account, name of the container, and how many days deleted objects can be brought back. `versioning` keeps what is overwritten, for `versions_days`; objects that nobody changed for `cool_days` move to the cool tier (never by default). `shared_key` accepts requests signed with the account's key beside those of identities."
  type = object({
    replication    = optional(string, "ZRS")
    container      = optional(string, "supabase")
    retention_days = optional(number, 30)
    versioning     = optional(bool, true)
    versions_days  = optional(number, 30)
    cool_days      = optional(number)
    shared_key     = optional(bool, true)
  })
  default  = {}
  nullable = false
}

variable "registry" {
  description = "The registry for charts and images. Only `Premium` can be closed to the world, lies in several zones (`zone_redundant`) and forgets images without a tag after `untagged_days`; `allowed` are public addresses or ranges that reach it then from outside the network, such as the deployer's."
  type = object({
    enabled        = optional(bool, true)
    sku            = optional(string, "Premium")
    zone_redundant = optional(bool, true)
    untagged_days  = optional(number, 30)
    allowed        = optional(list(string), [])
  })
  default  = {}
  nullable = false
}

variable "logs" {
  description = "How many days logs are kept, and how many gigabytes are taken in a day before Azure drops the rest (no limit by default)."
  type = object({
    retention_days = optional(number, 90)
    daily_gb       = optional(number)
  })
  default  = {}
  nullable = false
}
