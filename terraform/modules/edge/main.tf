# Application Gateway for Containers: a gateway of Azure in front of the cluster, which a controller
# inside it configures from what Gateway API says there.

locals {
  # As the controller's chart has them.
  controller = { namespace = "azure-alb-system", service_account = "alb-controller-sa" }
}

resource "azurerm_application_load_balancer" "this" {
  name                = "${var.name}-agc"
  location            = var.location
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_application_load_balancer_frontend" "this" {
  name                         = "public"
  application_load_balancer_id = azurerm_application_load_balancer.this.id
  tags                         = var.tags
}

resource "azurerm_application_load_balancer_subnet_association" "this" {
  name                         = "gateway"
  application_load_balancer_id = azurerm_application_load_balancer.this.id
  subnet_id                    = var.subnet_id
  tags                         = var.tags
}

resource "azurerm_web_application_firewall_policy" "this" {
  # checkov:skip=CKV_AZURE_135: checkov knows OWASP's rules; Microsoft's 2.1 look for this, too (944240).

  count = var.waf == "Off" ? 0 : 1

  name                = "${var.name}-waf"
  location            = var.location
  resource_group_name = var.resource_group_name
  tags                = var.tags

  # The head of a body is looked at. How long one may be is the storage service's business: it takes
  # files of many gigabytes.
  policy_settings {
    enabled                          = true
    mode                             = var.waf
    request_body_check               = true
    request_body_inspect_limit_in_kb = 128
    request_body_enforcement         = false
    file_upload_enforcement          = false
  }

  managed_rules {
    managed_rule_set {
      type    = "Microsoft_DefaultRuleSet"
      version = "2.1"
    }

    managed_rule_set {
      type    = "Microsoft_BotManagerRuleSet"
      version = "1.1"
    }
  }
}

# Names the policy that the controller may put in front of a route.
resource "azurerm_application_load_balancer_security_policy" "this" {
  count = var.waf == "Off" ? 0 : 1

  name                               = "waf"
  location                           = var.location
  application_load_balancer_id       = azurerm_application_load_balancer.this.id
  web_application_firewall_policy_id = azurerm_web_application_firewall_policy.this[0].id
  tags                               = var.tags
}

resource "azurerm_user_assigned_identity" "controller" {
  name                = "${var.name}-id-alb"
  location            = var.location
  resource_group_name = var.resource_group_name
  tags                = var.tags
}

resource "azurerm_federated_identity_credential" "controller" {
  name                      = "${var.name}-${local.controller.service_account}"
  user_assigned_identity_id = azurerm_user_assigned_identity.controller.id
  audience                  = ["api://AzureADTokenExchange"]
  issuer                    = var.issuer
  subject                   = "system:serviceaccount:${local.controller.namespace}:${local.controller.service_account}"
}
