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
  # The account has no usable keys: also the provider signs in by Entra ID.
  storage_use_azuread = true

  features {
    storage {
      # Everything here goes through Resource Manager; the deployer's role may still be spreading.
      data_plane_available = false
    }
  }
}
