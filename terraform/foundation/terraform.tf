terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.2"
    }
  }
}

# Who calls, and in which subscription, comes from the environment: ARM_*, or `az login`.
provider "azurerm" {
  features {
    key_vault {
      # A destroyed environment can be made again under the same name. Purge protection outranks this.
      purge_soft_delete_on_destroy    = true
      recover_soft_deleted_key_vaults = true
    }

    storage {
      # The account answers the cluster's subnet alone: whoever deploys must not wait for an answer.
      data_plane_available = false
    }

    resource_group {
      # What somebody else put into the group is not ours to delete.
      prevent_deletion_if_contains_resources = true
    }
  }
}
