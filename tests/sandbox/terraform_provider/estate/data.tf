resource "azurerm_key_vault" "this" {
  name                          = "estate-kv"
  location                      = local.place
  resource_group_name           = local.group
  tenant_id                     = local.tenant
  sku_name                      = "standard"
  rbac_authorization_enabled    = true
  public_network_access_enabled = false
  soft_delete_retention_days    = 7
  tags                          = local.tags
}

resource "azurerm_storage_account" "this" {
  name                            = "estatestore"
  location                        = local.place
  resource_group_name             = local.group
  account_tier                    = "Standard"
  account_replication_type        = local.later ? "GRS" : "LRS"
  min_tls_version                 = "TLS1_2"
  allow_nested_items_to_be_public = false

  blob_properties {
    versioning_enabled = local.later

    delete_retention_policy {
      days = 7
    }
  }
}

resource "azurerm_storage_container" "this" {
  name               = "files"
  storage_account_id = azurerm_storage_account.this.id
}

resource "azurerm_storage_management_policy" "this" {
  storage_account_id = azurerm_storage_account.this.id

  rule {
    name    = "old-versions"
    enabled = true

    filters {
      blob_types   = ["blockBlob"]
      prefix_match = ["files/"]
    }

    actions {
      base_blob {
        tier_to_cool_after_days_since_modification_greater_than = local.later ? 60 : 30
      }
      version {
        delete_after_days_since_creation = 90
      }
    }
  }
}

resource "azurerm_container_registry" "this" {
  name                          = "estateregistry"
  location                      = local.place
  resource_group_name           = local.group
  sku                           = local.later ? "Premium" : "Standard"
  public_network_access_enabled = true
  tags                          = local.tags
}

resource "azurerm_private_dns_zone" "database" {
  name                = "estate.postgres.database.azure.com"
  resource_group_name = local.group
}

resource "azurerm_private_dns_zone_virtual_network_link" "database" {
  name                = "database"
  private_dns_zone_id = azurerm_private_dns_zone.database.id
  virtual_network_id  = azurerm_virtual_network.this.id
}

resource "azurerm_postgresql_flexible_server" "this" {
  name                          = "estate-database"
  location                      = local.place
  resource_group_name           = local.group
  version                       = "16"
  delegated_subnet_id           = azurerm_subnet.database.id
  private_dns_zone_id           = azurerm_private_dns_zone.database.id
  public_network_access_enabled = false
  administrator_login           = "estate"
  administrator_password        = "A-Password-0"
  sku_name                      = "GP_Standard_D2ds_v5"
  storage_mb                    = 32768
  backup_retention_days         = local.later ? 14 : 7
  zone                          = "1"

  authentication {
    active_directory_auth_enabled = true
    password_auth_enabled         = true
    tenant_id                     = local.tenant
  }

  depends_on = [azurerm_private_dns_zone_virtual_network_link.database] # Azure asks for it.
}

resource "azurerm_postgresql_flexible_server_database" "this" {
  name      = "platform"
  server_id = azurerm_postgresql_flexible_server.this.id
  charset   = "UTF8"
  collation = "en_US.utf8"
}

resource "azurerm_postgresql_flexible_server_configuration" "extensions" {
  name      = "azure.extensions"
  server_id = azurerm_postgresql_flexible_server.this.id
  value     = local.later ? "PGCRYPTO,PG_CRON" : "PGCRYPTO"
}

resource "azurerm_postgresql_flexible_server_active_directory_administrator" "this" {
  server_name         = azurerm_postgresql_flexible_server.this.name
  resource_group_name = local.group
  tenant_id           = local.tenant
  object_id           = local.oneself
  principal_name      = "deployer"
  principal_type      = "ServicePrincipal"
}
