# What exists before there is a platform: group, network, identities, vault, storage, and the roles,
# which Azure spreads while the platform is being built.

data "azurerm_client_config" "current" {}

locals {
  tags     = merge(var.tags, { environment = var.name, managed-by = "terraform" })
  deployer = coalesce(var.deployer_object_id, data.azurerm_client_config.current.object_id)
}

resource "azurerm_resource_group" "this" {
  name     = "${var.name}-rg"
  location = var.location
  tags     = local.tags
}

module "network" {
  source = "../modules/network"

  name                = var.name
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
  tags                = local.tags
  network             = var.network
  outbound            = var.outbound
}

module "identities" {
  source = "../modules/identities"

  name                = var.name
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
  tags                = local.tags
}

module "vault" {
  source = "../modules/vault"

  name                = var.name
  suffix              = var.suffix
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
  tags                = local.tags
  tenant_id           = data.azurerm_client_config.current.tenant_id
  vault               = var.vault
}

module "storage" {
  source = "../modules/storage"

  name                = var.name
  suffix              = var.suffix
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
  tags                = local.tags
  subnet_id           = module.network.cluster_subnet_id
  storage             = var.storage
}

# Assignments are grouped by what they wait for: a role on the cluster's subnet need not wait for
# the vault, which takes minutes.

module "deployer_access" {
  source = "../modules/access"

  assignments = {
    cluster-admin = {
      scope        = azurerm_resource_group.this.id
      role         = "Azure Kubernetes Service RBAC Cluster Admin"
      principal_id = local.deployer
      purpose      = "The deployer installs charts in the cluster. Given on the group, so that it is known before the cluster is."
    }
  }
}

module "cluster_access" {
  source = "../modules/access"

  assignments = {
    subnet = {
      scope          = module.network.cluster_subnet_id
      role           = "Network Contributor"
      principal_id   = module.identities.cluster.object_id
      principal_type = "ServicePrincipal"
      purpose        = "AKS joins nodes and internal load balancers to the subnet."
    }
    kubelet = {
      scope          = module.identities.kubelet.id
      role           = "Managed Identity Operator"
      principal_id   = module.identities.cluster.object_id
      principal_type = "ServicePrincipal"
      purpose        = "AKS gives the nodes their identity."
    }
  }
}

module "vault_access" {
  source = "../modules/access"

  assignments = {
    deployer = {
      scope        = module.vault.id
      role         = "Key Vault Secrets Officer"
      principal_id = local.deployer
      purpose      = "The deployer seeds and rotates secrets."
    }
    external-secrets = {
      scope          = module.vault.id
      role           = "Key Vault Secrets User"
      principal_id   = module.identities.external_secrets.object_id
      principal_type = "ServicePrincipal"
      purpose        = "External Secrets reads secrets into the cluster."
    }
  }
}
