# Every type that a deployment of this kind may use, once. `stage` changes what the life-cycle test looks at:
# 0 as made, 1 changed in place, 2 changed so that it is made anew.

terraform {
  required_providers {
    azurerm = { source = "hashicorp/azurerm", version = "~> 5.2" }
  }
}

provider "azurerm" {
  features {
    resource_group {
      prevent_deletion_if_contains_resources = false
    }
  }
}

variable "stage" {
  description = "What has changed since the first apply."
  type        = number
  default     = 0
}

locals {
  later   = var.stage >= 1
  anew    = var.stage >= 2
  tags    = { stage = local.later ? "later" : "first" }
  group   = azurerm_resource_group.this.name
  place   = azurerm_resource_group.this.location
  tenant  = data.azurerm_client_config.me.tenant_id
  oneself = data.azurerm_client_config.me.object_id
}

data "azurerm_client_config" "me" {}

data "azurerm_subscription" "current" {}

resource "azurerm_resource_group" "this" {
  name     = "estate"
  location = "westeurope"
  tags     = local.tags
}

resource "azurerm_user_assigned_identity" "this" {
  name                = "estate-id"
  location            = local.place
  resource_group_name = local.group
  tags                = local.tags
}
