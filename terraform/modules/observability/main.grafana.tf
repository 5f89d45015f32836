# Managed Grafana. Its identity and all roles exist minutes before it does, so that Azure spreads them
# meanwhile. Dashboards are published afterwards, through its own API: azurerm has no type for them.

resource "azurerm_user_assigned_identity" "this" {
  name                = "${var.name}-id-observability"
  location            = var.location
  resource_group_name = var.resource_group.name
  tags                = var.tags
}

resource "azurerm_dashboard_grafana" "this" {
  count = local.wanted.grafana.enabled ? 1 : 0

  name                    = "${var.name}-g" # At most 23 signs.
  location                = var.location
  resource_group_name     = var.resource_group.name
  grafana_major_version   = "12"
  sku                     = "Standard"
  zone_redundancy_enabled = local.wanted.grafana.zone_redundant
  api_key_enabled         = false # Everybody signs in through Entra ID.
  tags                    = var.tags

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.this.id]
  }

  azure_monitor_workspace_integrations {
    resource_id = azurerm_monitor_workspace.this.id
  }
}

locals {
  readers = {
    observability-metrics = {
      scope          = azurerm_monitor_workspace.this.id
      role           = "Monitoring Data Reader"
      principal_id   = azurerm_user_assigned_identity.this.principal_id
      principal_type = "ServicePrincipal"
      purpose        = "Grafana asks for Prometheus metrics."
    }
    observability-resources = {
      scope          = var.resource_group.id
      role           = "Monitoring Reader"
      principal_id   = azurerm_user_assigned_identity.this.principal_id
      principal_type = "ServicePrincipal"
      purpose        = "Grafana reads platform metrics and logs; the alert on expiring secrets reads what Azure Policy found."
    }
  }
  people = merge(
    {
      observability-deployer = {
        scope          = var.resource_group.id
        role           = "Grafana Admin"
        principal_id   = var.deployer_object_id
        principal_type = null
        purpose        = "The deployer publishes dashboards. Given on the group, so that it is known before Grafana is."
      }
    },
    {
      for one in local.wanted.grafana.admins : "observability-admin-${one}" => {
        scope          = var.resource_group.id
        role           = "Grafana Admin"
        principal_id   = one
        principal_type = null
        purpose        = "Named in observability.grafana.admins."
      } if one != var.deployer_object_id
    },
    {
      for one in local.wanted.grafana.viewers : "observability-viewer-${one}" => {
        scope          = var.resource_group.id
        role           = "Grafana Viewer"
        principal_id   = one
        principal_type = null
        purpose        = "Named in observability.grafana.viewers."
      }
    },
  )
  assignments = merge(local.readers, { for key, one in local.people : key => one if local.wanted.grafana.enabled })
}

module "access" {
  source = "../access"

  assign      = var.assign_roles
  assignments = local.assignments
}
