# Charts and images. People and nodes sign in with identities; the registry's own account stays off.

locals {
  premium = var.registry.sku == "Premium"

  # Only a Premium registry can be closed: to all but those who are named, or to the public altogether.
  closed = local.premium && var.private
  public = !local.closed || length(var.registry.allowed) > 0
}

resource "azurerm_container_registry" "this" {
  # checkov:skip=CKV_AZURE_139: Closed unless somebody is `allowed`; checkov does not compute it.
  # checkov:skip=CKV_AZURE_164: Azure retires content trust; images are pinned by digest.
  # checkov:skip=CKV_AZURE_165: An environment lives in one region.
  # checkov:skip=CKV_AZURE_166: Quarantine keeps every image back until a scanner of your own lets it go.
  # checkov:skip=CKV_AZURE_233: In several zones by default; checkov does not compute it.

  name                = "${replace(var.name, "-", "")}acr${var.suffix}"
  location            = var.location
  resource_group_name = var.resource_group_name
  sku                 = var.registry.sku
  tags                = var.tags

  admin_enabled          = false
  anonymous_pull_enabled = false

  public_network_access_enabled = local.public
  network_rule_bypass_option    = "AzureServices" # Azure imports images on our behalf.
  # Azure keeps rules for each Premium registry, so that saying nothing would be a change in every plan.
  network_rule_set = local.premium ? [{
    default_action = local.closed ? "Deny" : "Allow"
    ip_rule = [
      for range in local.closed ? var.registry.allowed : [] :
      # azurerm shows a single address in this form.
      { action = "Allow", ip_range = strcontains(range, "/") ? range : "${range}/32" }
    ]
  }] : []

  zone_redundancy_enabled  = local.premium && var.registry.zone_redundant
  retention_policy_in_days = local.premium ? var.registry.untagged_days : null
  # Azure forbids exports only where nobody comes in from outside.
  export_policy_enabled = local.public
  data_endpoint_enabled = local.premium
}
