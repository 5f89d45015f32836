# How the platform reaches Azure's services, and how the world reaches the platform.

module "private_endpoints" {
  source = "../modules/private_endpoints"

  name                = var.name
  location            = var.foundation.location
  resource_group_name = var.foundation.resource_group_name
  tags                = local.tags
  subnet_id           = var.foundation.endpoints_subnet_id
  zone_ids = {
    vault    = var.foundation.vault_zone_id
    storage  = var.foundation.storage_zone_id
    registry = var.foundation.registry_zone_id
  }
  services = var.network.private_endpoints ? merge(
    { vault = var.foundation.vault_id, storage = var.foundation.storage_account_id },
    # Only this SKU takes endpoints.
    var.registry.enabled && var.registry.sku == "Premium" ? { registry = var.foundation.registry_id } : {},
  ) : {}
}

module "edge" {
  source = "../modules/edge"
  count  = var.edge.kind == "applicationGateway" ? 1 : 0

  name                = var.name
  location            = var.foundation.location
  resource_group_name = var.foundation.resource_group_name
  tags                = local.tags
  subnet_id           = var.foundation.gateway_subnet_id
  issuer              = module.cluster.oidc_issuer_url
  waf                 = var.edge.waf
}

module "edge_access" {
  source = "../modules/access"
  count  = length(module.edge)

  assign = var.assign_roles
  assignments = {
    # Contributor lacks the right to the data of a gateway, which is what the controller writes.
    gateway = {
      scope          = var.foundation.resource_group_id
      role           = "AppGw for Containers Configuration Manager"
      principal_id   = module.edge[0].controller.object_id
      principal_type = "ServicePrincipal"
      purpose        = "The controller configures the gateway from what Gateway API says."
    }
    # Azure's minimum for joining a gateway to a subnet.
    subnet = {
      scope          = var.foundation.gateway_subnet_id
      role           = "Network Contributor"
      principal_id   = module.edge[0].controller.object_id
      principal_type = "ServicePrincipal"
      purpose        = "The controller looks after the gateway's place in its subnet."
    }
    # Where the nodes are: the controller looks there for the cluster's network.
    nodes = {
      scope          = module.cluster.node_resource_group_id
      role           = "Reader"
      principal_id   = module.edge[0].controller.object_id
      principal_type = "ServicePrincipal"
      purpose        = "The controller finds the network of the nodes."
    }
  }
}
