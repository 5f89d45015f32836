resource "azurerm_web_application_firewall_policy" "this" {
  name                = "estate-waf"
  location            = local.place
  resource_group_name = local.group
  tags                = local.tags

  policy_settings {
    mode                        = local.later ? "Prevention" : "Detection"
    max_request_body_size_in_kb = 2000
  }

  managed_rules {
    exclusion {
      match_variable          = "RequestHeaderNames"
      selector                = "authorization"
      selector_match_operator = "Equals"

      excluded_rule_set {
        type    = "Microsoft_DefaultRuleSet"
        version = "2.1"
        rule_group {
          rule_group_name = "SQLI"
          excluded_rules  = ["942100"]
        }
      }
    }

    managed_rule_set {
      type    = "Microsoft_DefaultRuleSet"
      version = "2.1"

      rule_group_override {
        rule_group_name = "General"
        rule {
          id      = "200002"
          enabled = local.later
          action  = "Log"
        }
      }
    }
  }

  custom_rules {
    name      = "NoBots"
    priority  = 1
    rule_type = "MatchRule"
    action    = "Block"

    match_conditions {
      operator     = "Contains"
      match_values = ["bot"]
      transforms   = ["Lowercase"]
      match_variables {
        variable_name = "RequestHeaders"
        selector      = "User-Agent"
      }
    }
  }
}

resource "azurerm_public_ip" "gateway" {
  name                = "estate-gateway"
  location            = local.place
  resource_group_name = local.group
  allocation_method   = "Static"
  domain_name_label   = "estate"
}

resource "azurerm_application_gateway" "this" {
  name                = "estate-agw"
  location            = local.place
  resource_group_name = local.group
  http2_enabled       = local.later
  firewall_policy_id  = azurerm_web_application_firewall_policy.this.id
  zones               = ["1", "2"]

  sku {
    name = "WAF_v2"
    tier = "WAF_v2"
  }

  autoscale_configuration {
    min_capacity = 0
    max_capacity = local.later ? 4 : 2
  }

  ssl_policy {
    policy_type = "Predefined"
    policy_name = "AppGwSslPolicy20220101"
  }

  gateway_ip_configuration {
    name      = "subnet"
    subnet_id = azurerm_subnet.gateway.id
  }

  frontend_ip_configuration {
    name                 = "public"
    public_ip_address_id = azurerm_public_ip.gateway.id
  }

  frontend_port {
    name = "http"
    port = 80
  }

  frontend_port {
    name = "alternative"
    port = local.later ? 8081 : 8080
  }

  backend_address_pool {
    name         = "platform"
    ip_addresses = local.later ? null : ["10.0.0.10"]
    fqdns        = local.later ? ["platform.example.com"] : null
  }

  probe {
    name                = "health"
    protocol            = "Http"
    path                = "/healthz"
    host                = "platform.example.com"
    interval            = 30
    timeout             = 10
    unhealthy_threshold = 3
  }

  backend_http_settings {
    name                  = "http"
    port                  = 8000
    protocol              = "Http"
    cookie_based_affinity = "Disabled"
    request_timeout       = local.later ? 60 : 30
    probe_name            = local.later ? null : "health"
  }

  http_listener {
    name                           = "http"
    frontend_ip_configuration_name = "public"
    frontend_port_name             = "http"
    protocol                       = "Http"
  }

  http_listener {
    name                           = "alternative"
    frontend_ip_configuration_name = "public"
    frontend_port_name             = "alternative"
    protocol                       = "Http"
  }

  redirect_configuration {
    name                 = "elsewhere"
    redirect_type        = "Permanent"
    target_listener_name = "http"
    include_path         = true
  }

  url_path_map {
    name                               = "paths"
    default_backend_address_pool_name  = "platform"
    default_backend_http_settings_name = "http"

    path_rule {
      name                       = "auth"
      paths                      = ["/auth/*"]
      backend_address_pool_name  = "platform"
      backend_http_settings_name = "http"
    }
  }

  request_routing_rule {
    name               = "main"
    rule_type          = "PathBasedRouting"
    priority           = 10
    http_listener_name = "http"
    url_path_map_name  = "paths"
  }

  request_routing_rule {
    name                        = "alternative"
    rule_type                   = "Basic"
    priority                    = 20
    http_listener_name          = "alternative"
    redirect_configuration_name = "elsewhere"
  }
}

resource "azurerm_application_load_balancer" "this" {
  name                = "estate-alb"
  location            = local.place
  resource_group_name = local.group
  tags                = local.tags
}

resource "azurerm_application_load_balancer_frontend" "this" {
  name                         = "public"
  application_load_balancer_id = azurerm_application_load_balancer.this.id
  tags                         = local.tags
}

resource "azurerm_application_load_balancer_subnet_association" "this" {
  name                         = "cluster"
  application_load_balancer_id = azurerm_application_load_balancer.this.id
  subnet_id                    = azurerm_subnet.balancer.id
}

resource "azurerm_application_load_balancer_security_policy" "this" {
  name                               = "waf"
  location                           = local.place
  application_load_balancer_id       = azurerm_application_load_balancer.this.id
  web_application_firewall_policy_id = azurerm_web_application_firewall_policy.this.id
}
