# Where objects live. S3Proxy is the only client and stands between Supabase and this account.

resource "azurerm_storage_account" "this" {
  # checkov:skip=CKV2_AZURE_1: Azure's keys encrypt what rests here; losing one's own would be losing every object.
  # checkov:skip=CKV2_AZURE_33: The platform makes the private endpoint, in another stack.
  # checkov:skip=CKV2_AZURE_40: S3Proxy may sign with a key; `shared_key = false` forbids it.
  # checkov:skip=CKV_AZURE_33: Queues are not used.
  # checkov:skip=CKV_AZURE_43: The name is small letters and digits; checkov does not compute `replace`.
  # checkov:skip=CKV_AZURE_206: ZRS by default; `replication` can ask for another region.

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

  # Nothing here depends on either of the two keys, so that they can be rotated in turn.
  shared_access_key_enabled       = var.storage.shared_key
  default_to_oauth_authentication = true # People in the portal use their own identity instead.

  # Whoever signs links with a key learns from Azure when they last too long.
  sas_policy {
    expiration_period = "07.00:00:00"
  }

  # Whoever is not named here needs a private endpoint; when nobody is named, there is no public door at all.
  public_network_access_enabled = length(var.subnet_ids) > 0

  # Containers are made through Azure's management, so that the deployer may stay outside.
  network_rules {
    default_action             = "Deny"
    bypass                     = ["AzureServices"]
    virtual_network_subnet_ids = var.subnet_ids
  }

  blob_properties {
    versioning_enabled = var.storage.versioning

    delete_retention_policy {
      days = var.storage.retention_days
    }

    container_delete_retention_policy {
      days = var.storage.retention_days
    }
  }
}

resource "azurerm_storage_container" "this" {
  # checkov:skip=CKV2_AZURE_21: Writes and deletions are logged; reads outnumber all else, and each gigabyte of logs is paid.

  name                  = var.storage.container
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"
}

resource "azurerm_storage_management_policy" "this" {
  storage_account_id = azurerm_storage_account.this.id

  # What was overwritten is kept for a while, not for ever.
  rule {
    name    = "forget-old-versions"
    enabled = true

    filters {
      blob_types = ["blockBlob"]
    }

    actions {
      version {
        delete_after_days_since_creation = var.storage.versions_days
      }

      snapshot {
        delete_after_days_since_creation_greater_than = var.storage.versions_days
      }
    }
  }

  dynamic "rule" {
    for_each = var.storage.cool_days == null ? [] : [var.storage.cool_days]

    content {
      name    = "cool-what-nobody-changes"
      enabled = true

      filters {
        blob_types = ["blockBlob"]
      }

      actions {
        base_blob {
          tier_to_cool_after_days_since_modification_greater_than = rule.value
        }
      }
    }
  }
}
