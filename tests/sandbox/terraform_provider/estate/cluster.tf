resource "azurerm_kubernetes_cluster" "this" {
  name                      = "estate-aks"
  location                  = local.place
  resource_group_name       = local.group
  dns_prefix                = "estate"
  oidc_issuer_enabled       = true
  workload_identity_enabled = true
  private_cluster_enabled   = true
  sku_tier                  = local.later ? "Standard" : "Free"

  default_node_pool {
    name                        = "system"
    temporary_name_for_rotation = "systemnext"
    vm_size                     = local.later ? "Standard_D8s_v5" : "Standard_D4s_v5"
    node_count                  = 1
    vnet_subnet_id              = azurerm_subnet.cluster.id

    upgrade_settings {
      max_surge = "10%"
    }
  }

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.this.id]
  }

  node_provisioning_profile {
    mode = "Manual"
  }

  network_profile {
    network_plugin      = "azure"
    network_plugin_mode = "overlay"
    outbound_type       = "userAssignedNATGateway"
  }

  depends_on = [azurerm_subnet_nat_gateway_association.cluster] # The way out must be there first.
}

resource "azurerm_kubernetes_cluster_node_pool" "user" {
  name                        = "user"
  temporary_name_for_rotation = "usernext"
  kubernetes_cluster_id       = azurerm_kubernetes_cluster.this.id
  vm_size                     = local.later ? "Standard_D8s_v5" : "Standard_D4s_v5"
  vnet_subnet_id              = azurerm_subnet.cluster.id
  node_count                  = local.later ? 2 : 1
  tags                        = local.tags

  upgrade_settings {
    max_surge = "10%"
  }
}

resource "azurerm_federated_identity_credential" "this" {
  name                      = "workload"
  user_assigned_identity_id = azurerm_user_assigned_identity.this.id
  issuer                    = azurerm_kubernetes_cluster.this.oidc_issuer_url
  subject                   = local.later ? "system:serviceaccount:b:b" : "system:serviceaccount:a:a"
  audience                  = ["api://AzureADTokenExchange"]
}

resource "azurerm_kubernetes_cluster_extension" "flux" {
  name              = "flux"
  cluster_id        = azurerm_kubernetes_cluster.this.id
  extension_type    = "microsoft.flux"
  release_namespace = "flux-system"

  configuration_settings = {
    "image-automation-controller.enabled" = local.later ? "true" : "false"
  }
}

resource "azurerm_kubernetes_flux_configuration" "this" {
  name       = "platform"
  cluster_id = azurerm_kubernetes_cluster.this.id
  namespace  = "flux-system"
  scope      = "cluster"

  git_repository {
    url             = "https://example.com/platform.git"
    reference_type  = "branch"
    reference_value = local.later ? "later" : "main"
  }

  kustomizations {
    name                       = "base"
    path                       = "./base"
    garbage_collection_enabled = local.later
  }

  kustomizations {
    name       = "apps"
    path       = "./apps"
    depends_on = ["base"]

    post_build {
      substitute = { region = "westeurope" }
    }
  }

  depends_on = [azurerm_kubernetes_cluster_extension.flux] # Nothing reads it before.
}

data "azurerm_kubernetes_cluster" "this" {
  name                = azurerm_kubernetes_cluster.this.name
  resource_group_name = local.group
}

data "azurerm_kubernetes_service_versions" "this" {
  location        = local.place
  version_prefix  = "1.34"
  include_preview = false
}

data "azurerm_resources" "vaults" {
  resource_group_name = local.group
  type                = "Microsoft.KeyVault/vaults"

  depends_on = [azurerm_key_vault.this] # A list of what is there.
}
