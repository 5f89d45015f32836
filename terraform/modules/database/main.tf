# PostgreSQL with an address inside the network only.

resource "azurerm_postgresql_flexible_server" "this" {
  # checkov:skip=CKV2_AZURE_57: The server itself stands in a subnet of the network, which excludes an endpoint.
  # checkov:skip=CKV_AZURE_136: An option, `geo_redundant_backup`: twice the price, and fixed at creation.

  name                = join("-", compact([var.name, "pg", var.suffix]))
  location            = var.location
  resource_group_name = var.resource_group_name
  version             = var.database.version
  sku_name            = var.database.sku
  zone                = var.database.zone
  tags                = var.tags

  delegated_subnet_id           = var.subnet_id
  private_dns_zone_id           = var.private_zone_id
  public_network_access_enabled = false

  # Terraform sends this password once and keeps no copy. It is valid for a moment: the deployer
  # then sets the one from the vault, and as the version stays 1, Terraform leaves that alone.
  administrator_login               = var.database.login
  administrator_password_wo         = var.administrator_password
  administrator_password_wo_version = 1

  # The services of Supabase know passwords only; people may have Entra beside them.
  authentication {
    password_auth_enabled         = true
    active_directory_auth_enabled = var.database.entra_admin != null
    tenant_id                     = var.database.entra_admin == null ? null : var.tenant_id
  }

  storage_mb                   = var.database.storage_gb * 1024
  auto_grow_enabled            = true
  backup_retention_days        = var.database.backup_days
  geo_redundant_backup_enabled = var.database.geo_redundant_backup

  maintenance_window {
    day_of_week  = var.database.maintenance.day
    start_hour   = var.database.maintenance.hour
    start_minute = var.database.maintenance.minute
  }

  dynamic "high_availability" {
    for_each = var.database.high_availability == "Disabled" ? [] : [var.database.high_availability]

    content {
      mode                      = high_availability.value
      standby_availability_zone = var.database.standby_zone
    }
  }

  lifecycle {
    ignore_changes = [
      storage_mb,                                     # The disk grows by itself, and only a new server has a smaller one.
      zone,                                           # Chosen at birth, by us or by Azure, and
      high_availability[0].standby_availability_zone, # a failover exchanges the two.
    ]
  }
}

resource "azurerm_postgresql_flexible_server_active_directory_administrator" "this" {
  for_each = var.database.entra_admin == null ? {} : { this = var.database.entra_admin }

  server_name         = azurerm_postgresql_flexible_server.this.name
  resource_group_name = var.resource_group_name
  tenant_id           = var.tenant_id
  object_id           = each.value.object_id
  principal_name      = each.value.name
  principal_type      = each.value.type
}

resource "azurerm_postgresql_flexible_server_database" "this" {
  name      = var.database.name
  server_id = azurerm_postgresql_flexible_server.this.id
  charset   = "UTF8"
  collation = "en_US.utf8"
}

locals {
  kept = merge(
    {
      "azure.extensions" = join(",", sort([for extension in var.database.extensions : upper(extension)]))
      "wal_level"        = "logical" # Realtime decodes the log.
    },
    var.database.pgbouncer ? { "pgbouncer.enabled" = "true" } : {},
  )

  suggested = {
    "max_worker_processes"       = "16"   # What Azure asks for beside logical decoding.
    "log_min_duration_statement" = "1000" # Milliseconds.
  }
}

# Azure takes one change of a server at a time, and azurerm restarts it after each that needs it: what is Azure's
# default is not repeated here, such as TLS for every connection (`parameters` may not take that away) and a log of
# who comes and goes (which Azure lets nobody switch off).
resource "azurerm_postgresql_flexible_server_configuration" "this" {
  for_each = merge(local.suggested, var.database.parameters, local.kept)

  name      = each.key
  server_id = azurerm_postgresql_flexible_server.this.id
  value     = each.value
}
