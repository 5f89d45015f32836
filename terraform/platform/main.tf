# What takes minutes to build: the cluster and the database, side by side.

locals {
  tags = merge(var.tags, { environment = var.name, managed-by = "terraform" })
}

module "cluster" {
  source = "../modules/cluster"

  name                = var.name
  location            = var.foundation.location
  resource_group_name = var.foundation.resource_group_name
  tags                = local.tags
  tenant_id           = var.foundation.tenant_id
  subnet_id           = var.foundation.cluster_subnet_id
  identity_id         = var.foundation.cluster_identity_id
  kubelet = {
    identity_id = var.foundation.kubelet_identity_id
    client_id   = var.foundation.kubelet_client_id
    object_id   = var.foundation.kubelet_object_id
  }
  ranges   = { pods = var.network.pods, services = var.network.services }
  outbound = var.outbound
  cluster  = var.cluster
}

module "vault_reader" {
  source = "../modules/workload_identity"

  name            = var.name
  identity_id     = var.foundation.external_secrets_identity_id
  issuer          = module.cluster.oidc_issuer_url
  namespace       = var.namespace
  service_account = "vault-reader"
}

module "database" {
  source = "../modules/database"

  name                   = var.name
  suffix                 = var.suffix
  location               = var.foundation.location
  resource_group_name    = var.foundation.resource_group_name
  tags                   = local.tags
  virtual_network_id     = var.foundation.virtual_network_id
  subnet_id              = var.foundation.database_subnet_id
  database               = var.database
  administrator_password = var.database_password
}
