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
    postgresql_flexible_server {
      # A setting that needs a restart counts only after it.
      restart_server_on_configuration_value_change = true
    }
  }
}
