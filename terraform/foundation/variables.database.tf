variable "database" {
  description = "Version and size of PostgreSQL, its first disk, backups, redundancy, the administrator's name, the name of the database, and the extensions that may be created in it."
  type = object({
    version              = optional(string, "16")
    sku                  = optional(string, "GP_Standard_D2ds_v5")
    storage_gb           = optional(number, 128)
    backup_days          = optional(number, 14)
    geo_redundant_backup = optional(bool, false)
    zone_redundant       = optional(bool, true)
    login                = optional(string, "pgadmin")
    name                 = optional(string, "supabase")
    extensions = optional(set(string), [
      "citext", "hstore", "pg_stat_statements", "pg_trgm", "pgcrypto", "unaccent", "uuid-ossp", "vector",
    ])
  })
  default  = {}
  nullable = false
}
