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
  ranges       = { pods = var.network.pods, services = var.network.services }
  outbound     = var.outbound
  cluster      = var.cluster
  pools        = merge(var.cluster.pools, { system = merge(var.cluster.system, { labels = {}, taints = [] }) })
  app_routing  = var.edge.kind == "appRouting"
  workspace_id = var.foundation.log_analytics_workspace_id
}

# Service accounts that sign in to Azure without a secret.

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
  tenant_id              = var.foundation.tenant_id
  virtual_network_id     = var.foundation.virtual_network_id
  subnet_id              = var.foundation.database_subnet_id
  database               = var.database
  administrator_password = var.database_password
}

module "gitops" {
  source = "../modules/gitops"
  count  = var.cluster.flux == null ? 0 : 1

  name       = var.name
  cluster_id = module.cluster.ready_id
  repository = var.cluster.flux
}
