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
  description = "Resource group that holds the server and its DNS zone."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of the server and its DNS zone."
  type        = map(string)
  nullable    = false
}

variable "virtual_network_id" {
  description = "Network in which the server's name can be resolved."
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
  description = "Version, size, backups, redundancy, the administrator's name, the name of the database, and the extensions that may be created in it. The disk's size counts at creation; later it grows by itself."
  type = object({
    version              = string
    sku                  = string
    storage_gb           = number
    backup_days          = number
    geo_redundant_backup = bool
    zone_redundant       = bool
    login                = string
    name                 = string
    extensions           = set(string)
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
    condition     = !(var.database.zone_redundant && startswith(var.database.sku, "B_"))
    error_message = "database.zone_redundant needs a second server, which the burstable size ${var.database.sku} does not offer. Choose a GP_ or MO_ size, or switch zone_redundant off."
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
    condition = can(regex("^[a-z_][a-z0-9_]{0,62}$", var.database.login)) && !startswith(var.database.login, "pg_") && !contains(
    ["admin", "administrator", "azure_pg_admin", "azure_superuser", "guest", "postgres", "public", "root", "supabase_admin"], var.database.login)
    error_message = "database.login is \"${var.database.login}\"; it must have up to 63 small letters, digits and underscores, must not begin with pg_, and Azure or Supabase keeps admin, administrator, azure_pg_admin, azure_superuser, guest, postgres, public, root and supabase_admin for itself. Choose another name, such as pgadmin."
  }

  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]{0,62}$", var.database.name)) && !contains(["azure_maintenance", "azure_sys", "postgres", "template0", "template1"], var.database.name)
    error_message = "database.name is \"${var.database.name}\"; it must have up to 63 small letters, digits and underscores, and azure_maintenance, azure_sys, postgres, template0 and template1 exist already. Choose another name, such as supabase."
  }

  validation {
    condition     = length(setsubtract(["pgcrypto", "uuid-ossp"], [for extension in var.database.extensions : lower(extension)])) == 0
    error_message = "database.extensions (${join(", ", var.database.extensions)}) must hold pgcrypto and uuid-ossp, which Supabase creates. Add them."
  }
}
