# Flux, run by Azure: it applies what a Git repository says.

resource "azurerm_kubernetes_cluster_extension" "flux" {
  name              = "flux"
  cluster_id        = var.cluster_id
  extension_type    = "microsoft.flux"
  release_namespace = "flux-system"
}

resource "azurerm_kubernetes_flux_configuration" "this" {
  name       = "${var.name}-flux"
  cluster_id = var.cluster_id
  namespace  = "flux-system"
  scope      = "cluster"

  git_repository {
    url                  = var.repository.url
    reference_type       = "branch"
    reference_value      = var.repository.branch
    local_auth_reference = var.repository.secret
  }

  kustomizations {
    name                       = "root"
    path                       = var.repository.path
    garbage_collection_enabled = true
  }

  depends_on = [azurerm_kubernetes_cluster_extension.flux] # Nothing understands it before.
}
