mock_provider "azurerm" {
  source = "../../mocks"
}

variables {
  name                = "test"
  location            = "centralus"
  resource_group_name = "test-rg"
  tags                = { environment = "test" }
  outbound            = "loadBalancer"
  nodes               = 6
  network = {
    address_space = "10.40.0.0/16"
    subnets = {
      cluster   = "10.40.0.0/22"
      database  = "10.40.4.0/27"
      endpoints = "10.40.5.0/26"
    }
    pods     = "10.244.0.0/16"
    services = "10.245.0.0/16"
  }
}

run "every_subnet_has_a_security_group_that_ends_in_a_refusal" {
  command = apply

  assert {
    condition     = keys(azurerm_subnet_network_security_group_association.this) == ["cluster", "database", "endpoints"]
    error_message = "Each subnet must have a security group."
  }

  assert {
    condition = alltrue([
      for group in azurerm_network_security_group.this :
      anytrue([for rule in group.security_rule : rule.priority == 4096 && rule.access == "Deny" && rule.source_address_prefix == "*"])
    ])
    error_message = "Each group must refuse what it does not open."
  }
}

run "the_cluster_reaches_a_pooler_that_runs" {
  command = plan

  variables {
    database_ports = ["5432", "6432"]
  }

  assert {
    condition = alltrue([
      for rule in azurerm_network_security_group.this["database"].security_rule :
      toset(rule.destination_port_ranges) == toset(["5432", "6432"]) if rule.name == "postgresql-from-cluster"
    ])
    error_message = "The pooler listens on a port of its own."
  }
}

run "only_the_cluster_reaches_the_database" {
  command = plan

  assert {
    condition = toset([
      for rule in azurerm_network_security_group.this["database"].security_rule : rule.source_address_prefix
      if rule.access == "Allow" && rule.destination_port_range == "5432"
    ]) == toset(["10.40.0.0/22"])
    error_message = "Port 5432 must be open to the cluster's subnet alone."
  }

  assert {
    condition = alltrue(flatten([
      for group in azurerm_network_security_group.this : [
        for rule in group.security_rule : !contains(["*", "Internet", "VirtualNetwork", "0.0.0.0/0"], coalesce(rule.source_address_prefix, "-"))
        if rule.access == "Allow"
      ]
    ]))
    error_message = "No opening may be for everybody."
  }
}

run "no_client_reaches_the_cluster_unless_named" {
  command = plan

  assert {
    condition = toset([
      for rule in azurerm_network_security_group.this["cluster"].security_rule : rule.name if rule.access == "Allow"
    ]) == toset(["nodes-and-pods", "load-balancer-probes"])
    error_message = "Without network.clients the cluster's subnet must be closed to the world."
  }
}

run "named_clients_reach_the_edge_and_nothing_else" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
      clients       = ["203.0.113.0/24", "198.51.100.7/32"]
    }
  }

  assert {
    condition = {
      for rule in azurerm_network_security_group.this["cluster"].security_rule : rule.source_address_prefix => rule.destination_port_ranges
      if startswith(rule.name, "web-from-client-") && rule.access == "Allow" && rule.protocol == "Tcp" && rule.destination_address_prefix == "*"
    } == { for client in ["203.0.113.0/24", "198.51.100.7/32"] : client => toset(["80", "443"]) }
    error_message = "Each client must reach ports 80 and 443, whatever address the load balancer has."
  }

  assert {
    condition     = length(distinct([for rule in azurerm_network_security_group.this["cluster"].security_rule : rule.priority])) == 5
    error_message = "Each rule must have a priority of its own."
  }

  assert {
    condition = alltrue(flatten([
      for subnet in ["database", "endpoints"] : [
        for rule in azurerm_network_security_group.this[subnet].security_rule : !startswith(rule.name, "web-")
      ]
    ]))
    error_message = "Clients have no business in the other subnets."
  }
}

run "pods_and_nodes_reach_each_other" {
  command = plan

  assert {
    condition = anytrue([
      for rule in azurerm_network_security_group.this["cluster"].security_rule :
      rule.source_address_prefixes == toset(["10.40.0.0/22", "10.244.0.0/16"]) && rule.destination_address_prefixes == toset(["10.40.0.0/22", "10.244.0.0/16"])
      if rule.source_address_prefixes != null
    ])
    error_message = "With overlay addresses, rules must name the range of the pods beside that of the nodes."
  }
}

run "the_database_subnet_is_delegated" {
  command = plan

  assert {
    condition     = azurerm_subnet.database.delegation[0].service_delegation[0].name == "Microsoft.DBforPostgreSQL/flexibleServers"
    error_message = "PostgreSQL joins only a subnet that is delegated to it."
  }

  assert {
    condition     = length(azurerm_subnet.cluster.delegation) == 0
    error_message = "AKS joins no delegated subnet."
  }
}

run "with_private_endpoints_the_cluster_subnet_needs_no_other_way" {
  command = plan

  assert {
    condition     = length(azurerm_subnet.cluster.service_endpoint) == 0
    error_message = "Service endpoints would be a second way to vault and storage."
  }
}

run "without_private_endpoints_vault_and_storage_know_the_cluster_subnet" {
  command = plan

  variables {
    network = {
      address_space     = "10.40.0.0/16"
      subnets           = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods              = "10.244.0.0/16"
      services          = "10.245.0.0/16"
      private_endpoints = false
    }
  }

  assert {
    condition     = toset([for endpoint in azurerm_subnet.cluster.service_endpoint : endpoint.service]) == toset(["Microsoft.KeyVault", "Microsoft.Storage"])
    error_message = "Vault and storage account answer this subnet only if it has their service endpoints."
  }
}

run "nodes_and_endpoints_have_no_way_out_by_default" {
  command = plan

  assert {
    condition     = !azurerm_subnet.cluster.default_outbound_access_enabled && !azurerm_subnet.endpoints.default_outbound_access_enabled
    error_message = "Azure's implicit way out would stand beside the one that was chosen."
  }
}

run "without_a_range_there_is_no_subnet_for_a_gateway" {
  command = plan

  assert {
    condition     = length(azurerm_subnet.gateway) == 0 && output.gateway_subnet_id == null
    error_message = "The subnet is made for Application Gateway for Containers alone."
  }
}

run "without_a_gateway_its_subnet_stays_and_clients_meet_the_cluster" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26", gateway = "10.40.6.0/24" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
      clients       = ["203.0.113.0/24"]
    }
  }

  assert {
    condition     = length(azurerm_subnet.gateway) == 1 && length(azurerm_network_security_group.this) == 4
    error_message = "A gateway that the platform still has holds its subnet; Azure refuses to delete it."
  }

  assert {
    condition = {
      for rule in azurerm_network_security_group.this["cluster"].security_rule : rule.name => rule.source_address_prefix
      if rule.access == "Allow" && !contains(["nodes-and-pods", "load-balancer-probes"], rule.name)
    } == { web-from-client-1 = "203.0.113.0/24" }
    error_message = "Nothing may come from a subnet in which there is no gateway."
  }
}

run "a_gateway_without_a_range_is_refused" {
  command = plan

  variables {
    gateway = true
  }

  expect_failures = [var.gateway]
}

run "a_gateway_has_its_subnet_and_stands_between_clients_and_pods" {
  command = plan

  variables {
    gateway = true
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26", gateway = "10.40.6.0/24" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
      clients       = ["203.0.113.0/24"]
    }
  }

  assert {
    condition     = azurerm_subnet.gateway[0].delegation[0].service_delegation[0].name == "Microsoft.ServiceNetworking/trafficControllers"
    error_message = "The gateway joins only a subnet that is delegated to it."
  }

  assert {
    condition = {
      for rule in azurerm_network_security_group.this["cluster"].security_rule : rule.name => rule.source_address_prefix
      if rule.access == "Allow" && !contains(["nodes-and-pods", "load-balancer-probes"], rule.name)
    } == { pods-from-gateway = "10.40.6.0/24" }
    error_message = "Pods must be reached from the gateway, and clients must not pass it by."
  }

  assert {
    condition = anytrue([
      for rule in azurerm_network_security_group.this["gateway"].security_rule :
      rule.source_address_prefix == "203.0.113.0/24" && rule.destination_port_ranges == toset(["80", "443"])
    ])
    error_message = "Clients must reach the gateway."
  }
}

run "deployers_in_other_networks_reach_endpoints_when_named" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
      deployers     = ["10.50.1.0/24"]
    }
  }

  assert {
    condition = {
      for rule in azurerm_network_security_group.this["endpoints"].security_rule : rule.source_address_prefix => rule.destination_port_range
      if rule.access == "Allow"
    } == { "10.40.0.0/22" = "443", "10.50.1.0/24" = "443" }
    error_message = "A worker in a peered network must reach vault and registry."
  }
}

run "a_hub_is_peered_both_ways" {
  command = apply

  override_resource {
    target = azurerm_virtual_network.this
    values = { id = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/test-rg/providers/Microsoft.Network/virtualNetworks/test-vnet" }
  }

  variables {
    outbound = "userDefinedRouting"
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
      firewall      = "10.50.0.4"
      hub_id        = "/subscriptions/12345678-1234-9876-4563-123456789012/resourceGroups/hub-rg/providers/Microsoft.Network/virtualNetworks/hub"
    }
  }

  assert {
    condition = (
      azurerm_virtual_network_peering.to_hub[0].remote_virtual_network_id == var.network.hub_id &&
      azurerm_virtual_network_peering.to_hub[0].allow_forwarded_traffic &&
      azurerm_virtual_network_peering.from_hub[0].resource_group_name == "hub-rg" &&
      azurerm_virtual_network_peering.from_hub[0].virtual_network_name == "hub" &&
      azurerm_virtual_network_peering.from_hub[0].remote_virtual_network_id == azurerm_virtual_network.this.id
    )
    error_message = "A peering holds when both sides name each other."
  }
}

run "a_hub_that_is_no_network_is_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
      hub_id        = "hub"
    }
  }

  expect_failures = [var.network]
}

run "a_nat_gateway_carries_as_many_addresses_as_asked" {
  command = plan

  variables {
    outbound = "natGateway"
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
      nat           = { addresses = 2, zone = "1" }
    }
  }

  assert {
    condition     = [for address in azurerm_public_ip.nat : address.name] == ["test-ip-nat-1", "test-ip-nat-2"] && length(azurerm_nat_gateway_public_ip_association.this) == 2
    error_message = "Each address must be joined to the gateway."
  }

  assert {
    condition     = azurerm_nat_gateway.this[0].zones == toset(["1"]) && alltrue([for address in azurerm_public_ip.nat : address.zones == toset(["1"])])
    error_message = "Gateway and addresses must be in the same zone."
  }

  assert {
    condition     = length(azurerm_subnet_nat_gateway_association.cluster) == 1
    error_message = "The nodes' subnet must use the gateway."
  }
}

run "a_load_balancer_needs_no_route" {
  command = plan

  assert {
    condition     = length(azurerm_route_table.outbound) == 0 && length(azurerm_subnet_route_table_association.cluster) == 0
    error_message = "The cluster's own load balancer needs no route table."
  }
}

run "nodes_leave_through_the_firewall_when_asked" {
  command = plan

  variables {
    outbound = "userDefinedRouting"
    network = {
      address_space = "10.40.0.0/16"
      subnets = {
        cluster   = "10.40.0.0/22"
        database  = "10.40.4.0/27"
        endpoints = "10.40.5.0/26"
      }
      pods     = "10.244.0.0/16"
      services = "10.245.0.0/16"
      firewall = "10.50.0.4"
    }
  }

  assert {
    condition     = one(azurerm_route_table.outbound[0].route).next_hop_in_ip_address == "10.50.0.4"
    error_message = "The default route must lead to the firewall."
  }
}

run "a_route_without_a_firewall_is_refused" {
  command = plan

  variables {
    outbound = "userDefinedRouting"
  }

  expect_failures = [var.network]
}

run "a_range_that_is_no_network_is_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.7/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
    }
  }

  expect_failures = [var.network]
}

run "a_subnet_outside_the_network_is_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.41.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
    }
  }

  expect_failures = [var.network]
}

run "a_subnet_wider_than_the_network_is_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/22"
      subnets       = { cluster = "10.40.0.0/16", database = "10.40.1.0/27", endpoints = "10.40.2.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
    }
  }

  expect_failures = [var.network]
}

run "subnets_that_overlap_are_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.3.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
    }
  }

  expect_failures = [var.network]
}

run "one_range_for_pods_and_services_is_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.244.0.0/16"
    }
  }

  expect_failures = [var.network]
}

run "services_inside_the_network_are_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.40.128.0/20"
    }
  }

  expect_failures = [var.network]
}

run "one_range_for_two_subnets_is_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.4.0/27" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
    }
  }

  expect_failures = [var.network]
}

run "a_subnet_too_small_for_azure_is_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/29", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
    }
  }

  expect_failures = [var.network]
}

run "a_client_that_is_no_network_is_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
      clients       = ["203.0.113.7/24"]
    }
  }

  expect_failures = [var.network]
}

run "a_client_without_a_prefix_is_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
      clients       = ["203.0.113.7"]
    }
  }

  expect_failures = [var.network]
}

run "a_client_that_is_a_service_tag_is_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
      clients       = ["Internet"]
    }
  }

  expect_failures = [var.network]
}

run "a_subnet_too_small_for_the_nodes_is_refused" {
  command = plan

  variables {
    nodes = 40
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/27", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
    }
  }

  expect_failures = [var.network]
}

run "pods_with_too_few_addresses_for_the_nodes_are_refused" {
  command = plan

  variables {
    nodes = 12
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/21"
      services      = "10.245.0.0/16"
    }
  }

  expect_failures = [var.network]
}

run "a_gateway_with_a_small_subnet_is_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26", gateway = "10.40.6.0/25" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
    }
  }

  expect_failures = [var.network]
}

run "a_gateway_inside_another_subnet_is_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26", gateway = "10.40.0.0/24" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
    }
  }

  expect_failures = [var.network]
}

run "a_nat_gateway_without_an_address_is_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
      nat           = { addresses = 0 }
    }
  }

  expect_failures = [var.network]
}

run "an_unknown_zone_is_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "10.40.0.0/22", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
      nat           = { zone = "4" }
    }
  }

  expect_failures = [var.network]
}

run "a_range_that_is_no_address_at_all_is_refused" {
  command = plan

  variables {
    network = {
      address_space = "10.40.0.0/16"
      subnets       = { cluster = "nodes", database = "10.40.4.0/27", endpoints = "10.40.5.0/26" }
      pods          = "10.244.0.0/16"
      services      = "10.245.0.0/16"
    }
  }

  expect_failures = [var.network]
}

run "a_load_balancer_needs_no_public_address_of_the_network" {
  command = plan

  assert {
    condition     = length(azurerm_nat_gateway.this) == 0 && length(azurerm_public_ip.nat) == 0
    error_message = "Nobody asked for public addresses."
  }
}
