# Where objects live. S3Proxy is the only client and stands between Supabase and this account.

resource "azurerm_storage_account" "this" {
  name                     = "${replace(var.name, "-", "")}stg${var.suffix}"
  location                 = var.location
  resource_group_name      = var.resource_group_name
  account_kind             = "StorageV2"
  account_tier             = "Standard"
  account_replication_type = var.storage.replication
  tags                     = var.tags

  min_tls_version                  = "TLS1_2"
  https_traffic_only_enabled       = true
  allow_nested_items_to_be_public  = false
  cross_tenant_replication_enabled = false
  local_user_enabled               = false

  shared_access_key_enabled       = true # S3Proxy signs its requests with the account key.
  default_to_oauth_authentication = true # People in the portal use their own identity instead.

  # Containers are made through Azure's management, so that the deployer may stay outside.
  network_rules {
    default_action             = "Deny"
    bypass                     = ["AzureServices"]
    virtual_network_subnet_ids = [var.subnet_id]
  }

  blob_properties {
    versioning_enabled = true

    delete_retention_policy {
      days = var.storage.retention_days
    }

    container_delete_retention_policy {
      days = var.storage.retention_days
    }
  }
}

resource "azurerm_storage_container" "this" {
  name                  = var.storage.container
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}
