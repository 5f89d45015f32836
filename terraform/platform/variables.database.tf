variable "database" {
  description = "PostgreSQL. `version` and `sku` (the size); its first disk; backups; `high_availability`: ZoneRedundant (a standby in another zone), SameZone or Disabled, in `zone` and `standby_zone` if they are named; the hours of `maintenance` (UTC; day 0 is Sunday); the administrator's `login`, and an identity of Entra that administers as well; the `name` of the database and the `extensions` that may be created in it; `pgbouncer`, Azure's pooler on port 6432; and further `parameters` of the server."
  type = object({
    version              = optional(string, "17")
    sku                  = optional(string, "GP_Standard_D2ds_v5")
    storage_gb           = optional(number, 128)
    backup_days          = optional(number, 14)
    geo_redundant_backup = optional(bool, false)
    high_availability    = optional(string, "ZoneRedundant")
    zone                 = optional(string)
    standby_zone         = optional(string)
    maintenance = optional(object({
      day    = optional(number, 0)
      hour   = optional(number, 2)
      minute = optional(number, 0)
    }), {})
    login = optional(string, "pgadmin")
    entra_admin = optional(object({
      object_id = string
      name      = string
      type      = optional(string, "Group")
    }))
    name = optional(string, "supabase")
    extensions = optional(set(string), [
      "citext", "hstore", "pg_stat_statements", "pg_trgm", "pgcrypto", "unaccent", "uuid-ossp", "vector",
    ])
    pgbouncer  = optional(bool, false)
    parameters = optional(map(string), {})
  })
  default  = {}
  nullable = false
}
