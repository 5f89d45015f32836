# Where Terraform keeps what it knows about an environment. This stack comes before all others and
# keeps no state of its own: what exists is imported, each time (docs/adr/0010).

data "azurerm_client_config" "current" {}

locals {
  tags = { managed-by = "terraform", purpose = "terraform-state" }
}

resource "azurerm_resource_group" "this" {
  name     = var.resource_group
  location = var.location
  tags     = local.tags

  lifecycle {
    prevent_destroy = true

    # A group that somebody else made keeps its labels.
    ignore_changes = [tags]
  }
}

resource "azurerm_storage_account" "this" {
  # checkov:skip=CKV2_AZURE_33: The first deploy comes from outside of any network; a role and `allowed` decide.
  # checkov:skip=CKV2_AZURE_1: Keys of one's own would have to exist before anything else does.
  # checkov:skip=CKV_AZURE_33: Queues are not used.
  # checkov:skip=CKV_AZURE_59: See above: it is reached from where deployments run.
  # checkov:skip=CKV_AZURE_206: ZRS by default; `replication` can ask for more.

  name                = var.storage_account
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
  tags                = local.tags

  account_kind             = "StorageV2"
  account_tier             = "Standard"
  account_replication_type = var.replication

  # State holds keys: it is reached by Entra ID alone, encrypted, and never by the public.
  shared_access_key_enabled         = false
  default_to_oauth_authentication   = true
  allow_nested_items_to_be_public   = false
  cross_tenant_replication_enabled  = false
  https_traffic_only_enabled        = true
  infrastructure_encryption_enabled = true
  min_tls_version                   = "TLS1_2"

  # A state that was overwritten or deleted by mistake comes back.
  blob_properties {
    versioning_enabled = true

    delete_retention_policy {
      days = var.retention_days
    }

    container_delete_retention_policy {
      days = var.retention_days
    }
  }

  # Without rules every network reaches the account, and only roles decide.
  dynamic "network_rules" {
    for_each = length(var.allowed) > 0 ? [var.allowed] : []

    content {
      default_action = "Deny"
      ip_rules       = [for one in network_rules.value : trimsuffix(one, "/32")] # A single address stands alone.
      bypass         = ["AzureServices"]
    }
  }

  lifecycle {
    prevent_destroy = true

    # Fixed at creation, or a decision of whoever made an account that is taken over.
    ignore_changes = [account_kind, account_tier, account_replication_type, infrastructure_encryption_enabled, tags]
  }
}

resource "azurerm_storage_container" "this" {
  # checkov:skip=CKV2_AZURE_21: A log of reads needs a workspace, which is built later, with this state.

  name                  = var.container
  storage_account_id    = azurerm_storage_account.this.id
  container_access_type = "private"

  lifecycle {
    prevent_destroy = true
  }
}

# Whoever holds Owner can still delete it, after removing this on purpose.
resource "azurerm_management_lock" "this" {
  count = var.lock ? 1 : 0

  name       = "terraform-state"
  scope      = azurerm_storage_account.this.id
  lock_level = "CanNotDelete"
  notes      = "Terraform's state: without it, nothing that was built can be changed or removed any more."
}

# The deployer reads, writes and locks state. Owner and Contributor of a subscription do not include it.
resource "azurerm_role_assignment" "deployer" {
  count = var.assign_role ? 1 : 0

  scope                = azurerm_storage_account.this.id
  role_definition_name = "Storage Blob Data Contributor"
  principal_id         = data.azurerm_client_config.current.object_id
}

import {
  for_each = compact([var.existing.group])
  to       = azurerm_resource_group.this
  id       = each.value
}

import {
  for_each = compact([var.existing.account])
  to       = azurerm_storage_account.this
  id       = each.value
}

import {
  for_each = compact([var.existing.container])
  to       = azurerm_storage_container.this
  id       = each.value
}

import {
  for_each = compact([var.existing.lock])
  to       = azurerm_management_lock.this[0]
  id       = each.value
}

import {
  for_each = compact([var.existing.role])
  to       = azurerm_role_assignment.deployer[0]
  id       = each.value
}
