variable "name" {
  description = "Name of the environment; the server is called `<name>-pg`, or `<name>-pg-<suffix>`."
  type        = string
  nullable    = false
}

variable "suffix" {
  description = "Makes the server's name unique among all tenants; empty for none."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Azure region in its short form, such as `centralus`."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group that holds the server."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of the server."
  type        = map(string)
  nullable    = false
}

variable "tenant_id" {
  description = "Tenant whose identities may sign in, where the database has an administrator of Entra."
  type        = string
  nullable    = false
}

variable "private_zone_id" {
  description = "Private DNS zone of the server's name, linked to its network; Azure builds the server only where its name can be resolved."
  type        = string
  nullable    = false
}

variable "subnet_id" {
  description = "Subnet that is delegated to PostgreSQL."
  type        = string
  nullable    = false
}

variable "administrator_password" {
  description = "First password of the administrator, thrown away after creation. It enters neither plan nor state."
  type        = string
  ephemeral   = true
  sensitive   = true
  nullable    = false

  validation {
    condition     = length(var.administrator_password) >= 8 && length(var.administrator_password) <= 128
    error_message = "The first password of the database must have 8 to 128 signs. Pass a random one."
  }
}

variable "database" {
  description = "Version, size, backups, standby, maintenance, administrators, the name of the database, the extensions that may be created in it, the pooler and further parameters. The disk's size and the zones count at creation; later the disk grows by itself, and a failover exchanges the zones."
  type = object({
    version              = string
    sku                  = string
    storage_gb           = number
    backup_days          = number
    geo_redundant_backup = bool
    high_availability    = string
    zone                 = optional(string)
    standby_zone         = optional(string)
    maintenance          = object({ day = number, hour = number, minute = number })
    login                = string
    entra_admin          = optional(object({ object_id = string, name = string, type = string }))
    name                 = string
    extensions           = set(string)
    pgbouncer            = bool
    parameters           = map(string)
  })
  nullable = false

  validation {
    condition     = contains(["16", "17"], var.database.version)
    error_message = "database.version is \"${var.database.version}\"; Supabase needs 16 or later, where an administrator may make roles that bypass row security. Choose 16 or 17."
  }

  validation {
    condition     = can(regex("^(B|GP|MO)_Standard_[A-Za-z0-9_]+$", var.database.sku))
    error_message = "database.sku is \"${var.database.sku}\"; sizes are called B_, GP_ or MO_ and the machine, such as GP_Standard_D2ds_v5. See `az postgres flexible-server list-skus --location <region>`."
  }

  validation {
    condition     = contains(["ZoneRedundant", "SameZone", "Disabled"], var.database.high_availability)
    error_message = "database.high_availability is \"${var.database.high_availability}\", and Azure knows ZoneRedundant, SameZone and Disabled. Choose one of these."
  }

  validation {
    condition     = !(var.database.high_availability != "Disabled" && startswith(var.database.sku, "B_"))
    error_message = "database.high_availability is ${var.database.high_availability} and needs a second server, which the burstable size ${var.database.sku} does not offer. Choose a GP_ or MO_ size, or Disabled."
  }

  validation {
    condition     = length(setsubtract(compact([var.database.zone, var.database.standby_zone]), ["1", "2", "3"])) == 0
    error_message = "database.zone and standby_zone are \"${join("\" and \"", compact([var.database.zone, var.database.standby_zone]))}\", and a region has the zones 1, 2 and 3, or none. Choose from these, or leave them out: Azure chooses."
  }

  validation {
    condition     = var.database.standby_zone == null || var.database.high_availability != "Disabled"
    error_message = "database.standby_zone is \"${coalesce(var.database.standby_zone, "null")}\", but high_availability is Disabled and there is no standby. Leave it out, or choose ZoneRedundant."
  }

  validation {
    condition     = var.database.zone == null || var.database.standby_zone == null ? true : (var.database.high_availability == "ZoneRedundant") == (var.database.zone != var.database.standby_zone)
    error_message = "database.zone is ${coalesce(var.database.zone, "null")} and standby_zone is ${coalesce(var.database.standby_zone, "null")}, but high_availability is ${var.database.high_availability}: a ZoneRedundant standby is in another zone, a SameZone one in the same. Change one of the three."
  }

  validation {
    condition     = contains([32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384], var.database.storage_gb)
    error_message = "database.storage_gb is ${var.database.storage_gb}, and disks come in steps of 32, 64, 128 ... 16384 GB. Choose one of these."
  }

  validation {
    condition     = var.database.backup_days >= 7 && var.database.backup_days <= 35 && floor(var.database.backup_days) == var.database.backup_days
    error_message = "database.backup_days is ${var.database.backup_days}, and Azure keeps backups for 7 to 35 whole days. Choose a number in between."
  }

  validation {
    condition = alltrue([
      contains(range(0, 7), var.database.maintenance.day),
      contains(range(0, 24), var.database.maintenance.hour),
      contains(range(0, 60), var.database.maintenance.minute),
    ])
    error_message = "database.maintenance is day ${var.database.maintenance.day}, ${var.database.maintenance.hour}:${var.database.maintenance.minute}; days are 0 (Sunday) to 6, hours 0 to 23, minutes 0 to 59. Correct it."
  }

  validation {
    condition = can(regex("^[a-z_][a-z0-9_]{0,62}$", var.database.login)) && !startswith(var.database.login, "pg_") && !contains(
    ["admin", "administrator", "azure_pg_admin", "azure_superuser", "guest", "postgres", "public", "root", "supabase_admin"], var.database.login)
    error_message = "database.login is \"${var.database.login}\"; it must have up to 63 small letters, digits and underscores, must not begin with pg_, and Azure or Supabase keeps admin, administrator, azure_pg_admin, azure_superuser, guest, postgres, public, root and supabase_admin for itself. Choose another name, such as pgadmin."
  }

  validation {
    condition     = var.database.entra_admin == null ? true : can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", var.database.entra_admin.object_id))
    error_message = "database.entra_admin.object_id is \"${try(var.database.entra_admin.object_id, "")}\", which is no object id. See `az ad group show --group <name> --query id`."
  }

  validation {
    condition     = var.database.entra_admin == null ? true : contains(["User", "Group", "ServicePrincipal"], var.database.entra_admin.type)
    error_message = "database.entra_admin.type is \"${try(var.database.entra_admin.type, "")}\", and Azure knows User, Group and ServicePrincipal. Choose one of these."
  }

  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]{0,62}$", var.database.name)) && !contains(["azure_maintenance", "azure_sys", "postgres", "template0", "template1"], var.database.name)
    error_message = "database.name is \"${var.database.name}\"; it must have up to 63 small letters, digits and underscores, and azure_maintenance, azure_sys, postgres, template0 and template1 exist already. Choose another name, such as supabase."
  }

  validation {
    condition     = length(setsubtract(["pgcrypto", "uuid-ossp"], [for extension in var.database.extensions : lower(extension)])) == 0
    error_message = "database.extensions (${join(", ", var.database.extensions)}) must hold pgcrypto and uuid-ossp, which Supabase creates. Add them."
  }

  validation {
    condition     = !(var.database.pgbouncer && startswith(var.database.sku, "B_"))
    error_message = "database.pgbouncer is on, and the burstable size ${var.database.sku} has no pooler. Choose a GP_ or MO_ size, or switch it off."
  }

  validation {
    condition     = length(setintersection(keys(var.database.parameters), ["azure.extensions", "pgbouncer.enabled", "require_secure_transport", "wal_level"])) == 0
    error_message = "database.parameters sets ${join(", ", setintersection(keys(var.database.parameters), ["azure.extensions", "pgbouncer.enabled", "require_secure_transport", "wal_level"]))}: TLS and the logical log are not up for choice, and database.extensions and database.pgbouncer set the others. Take them out."
  }
}
