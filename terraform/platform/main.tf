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
  agents = {
    metrics = var.observability.enabled
    logs    = var.observability.enabled && var.observability.containers.enabled
  }
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

module "s3proxy" {
  source = "../modules/workload_identity"

  name            = var.name
  identity_id     = var.foundation.s3proxy_identity_id
  issuer          = module.cluster.oidc_issuer_url
  namespace       = var.namespace
  service_account = "s3proxy"
}

module "database" {
  source = "../modules/database"

  name                   = var.name
  suffix                 = var.suffix
  location               = var.foundation.location
  resource_group_name    = var.foundation.resource_group_name
  tags                   = local.tags
  tenant_id              = var.foundation.tenant_id
  subnet_id              = var.foundation.database_subnet_id
  private_zone_id        = var.foundation.database_zone_id
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

module "observability" {
  source = "../modules/observability"
  count  = var.observability.enabled ? 1 : 0

  name                       = var.name
  location                   = var.foundation.location
  resource_group             = { name = var.foundation.resource_group_name, id = var.foundation.resource_group_id }
  tags                       = local.tags
  namespace                  = var.namespace
  cluster_name               = "${var.name}-aks" # Not asked of the module: rules need not wait for the cluster.
  log_analytics_workspace_id = var.foundation.log_analytics_workspace_id
  deployer_object_id         = var.foundation.deployer_object_id
  assign_roles               = var.assign_roles
  observability              = var.observability
  cluster_id                 = module.cluster.id
  database_id                = module.database.server_id
  storage_account_id         = var.foundation.storage_account_id
  vault_id                   = var.foundation.vault_id
}
