# What exists before there is a platform: group, network, identities, vault, storage, and the roles,
# which Azure spreads while the platform is being built.

data "azurerm_client_config" "current" {}

locals {
  tags     = merge(var.tags, { environment = var.name, managed-by = "terraform" })
  deployer = coalesce(var.deployer_object_id, data.azurerm_client_config.current.object_id)

  # Only this SKU of a registry takes private endpoints.
  private_services = var.network.private_endpoints ? concat(
    ["vault", "storage"], var.registry.enabled && var.registry.sku == "Premium" ? ["registry"] : []
  ) : []
  # Azure's own: where a service has a private endpoint, its public name leads here.
  private_zones = {
    vault    = "privatelink.vaultcore.azure.net"
    storage  = "privatelink.blob.core.windows.net"
    registry = "privatelink.azurecr.io"
  }

  subnets_by_service_endpoint = var.network.private_endpoints ? [] : [module.network.cluster_subnet_id]
}

resource "azurerm_resource_group" "this" {
  name     = "${var.name}-rg"
  location = var.location
  tags     = local.tags
}

# Azure refuses to delete the group and whatever is in it, until the lock is taken away by `lock = false`.
resource "azurerm_management_lock" "this" {
  count = var.lock ? 1 : 0

  name       = "${var.name}-lock"
  scope      = azurerm_resource_group.this.id
  lock_level = "CanNotDelete"
  notes      = "Set lock = false for ${var.name} and apply, before anything here may be deleted."
}

module "network" {
  source = "../modules/network"

  name                = var.name
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
  tags                = local.tags
  outbound            = var.outbound
  nodes               = sum(concat([var.cluster.system.max], [for pool in values(var.cluster.pools) : pool.max]))
  database_ports      = var.database.pgbouncer ? ["5432", "6432"] : ["5432"]
  network             = var.network
  # Its subnet is there under every edge: the platform, which changes later, must let go of a gateway first.
  gateway = var.edge.kind == "applicationGateway"
}

# What the platform will be found by. Zones take half a minute, and grow here beside the vault.
module "private_dns" {
  source = "../modules/private_dns"

  name                = var.name
  resource_group_name = azurerm_resource_group.this.name
  tags                = local.tags
  virtual_network_id  = module.network.virtual_network_id
  zones = merge(
    # Another name than the server's own, which Azure reserves for public servers.
    { database = "${var.name}.private.postgres.database.azure.com" },
    { for service in local.private_services : service => local.private_zones[service] },
  )
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
  subnet_ids          = local.subnets_by_service_endpoint
  vault               = var.vault
}

module "storage" {
  source = "../modules/storage"

  name                = var.name
  suffix              = var.suffix
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
  tags                = local.tags
  subnet_ids          = local.subnets_by_service_endpoint
  storage             = var.storage
}

module "registry" {
  source = "../modules/registry"
  count  = var.registry.enabled ? 1 : 0

  name                = var.name
  suffix              = var.suffix
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
  tags                = local.tags
  private             = var.network.private_endpoints
  registry            = var.registry
}

module "logs" {
  source = "../modules/logs"

  name                = var.name
  location            = azurerm_resource_group.this.location
  resource_group_name = azurerm_resource_group.this.name
  tags                = local.tags
  logs                = var.logs
  sources = merge(
    {
      vault = { id = module.vault.id, categories = ["AuditEvent"] }
      # Who read which object is not logged: reads outnumber all else, and each gigabyte of logs is paid.
      storage = {
        id         = "${module.storage.account_id}/blobServices/default"
        categories = ["StorageDelete", "StorageWrite"]
      }
    },
    {
      for registry in module.registry : "registry" => {
        id         = registry.id
        categories = ["ContainerRegistryLoginEvents", "ContainerRegistryRepositoryEvents"]
      }
    },
  )
}
