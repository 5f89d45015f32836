variable "name" {
  description = "Name of the environment; resources are called `<name>-<kind>`."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Azure region in its short form, such as `centralus`."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group that holds the network."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of every resource that can carry them."
  type        = map(string)
  nullable    = false
}

variable "outbound" {
  description = "How nodes reach the world: `loadBalancer` (a public address of the cluster), `natGateway` (public addresses of the network) or `userDefinedRouting` (through `network.firewall`)."
  type        = string
  nullable    = false
}

variable "gateway" {
  description = "Whether Application Gateway for Containers stands in front of the cluster: clients then meet it alone."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = !var.gateway || var.network.subnets.gateway != null
    error_message = "edge.kind is applicationGateway, and network.subnets.gateway is null. Give the gateway a /24 of network.address_space."
  }
}

variable "nodes" {
  description = "How many nodes the pools of the cluster may have together."
  type        = number
  nullable    = false
}

variable "database_ports" {
  description = "Ports of the database that the cluster reaches: PostgreSQL's, and the pooler's where it runs."
  type        = list(string)
  default     = ["5432"]
  nullable    = false
}

variable "network" {
  description = "Address ranges: of the network, of its subnets (`gateway` is null when there is none), of pods and services inside the cluster, of the clients that may reach the edge, of the deployers that may reach private endpoints. Whether the platform makes private endpoints; how many addresses the NAT gateway has, and in which zone it is; the firewall's address, and the network of a hub that is peered."
  type = object({
    address_space = string
    subnets = object({
      cluster   = string
      database  = string
      endpoints = string
      gateway   = optional(string)
    })
    pods              = string
    services          = string
    clients           = optional(list(string), [])
    deployers         = optional(list(string), [])
    private_endpoints = optional(bool, true)
    nat = optional(object({
      addresses = optional(number, 1)
      zone      = optional(string)
    }), {})
    firewall = optional(string)
    hub_id   = optional(string)
  })
  nullable = false

  validation {
    condition = alltrue([
      for range in concat(compact(values(var.network.subnets)), [var.network.address_space, var.network.pods, var.network.services]) :
      try(cidrsubnet(range, 0, 0) == range && !strcontains(range, ":"), false)
    ])
    error_message = "network holds ranges that are no IPv4 network: ${join(", ", [
      for range in concat(compact(values(var.network.subnets)), [var.network.address_space, var.network.pods, var.network.services]) :
      range if !try(cidrsubnet(range, 0, 0) == range && !strcontains(range, ":"), false)
    ])}. Write the first address and the length of the prefix, such as 10.40.0.0/16."
  }

  validation {
    # A subnet is inside when its first address, cut to the length of the space, is the space.
    condition = alltrue([
      for subnet in compact(values(var.network.subnets)) : try(
        tonumber(split("/", subnet)[1]) >= tonumber(split("/", var.network.address_space)[1]) &&
        cidrhost("${split("/", subnet)[0]}/${split("/", var.network.address_space)[1]}", 0) == cidrhost(var.network.address_space, 0),
        true # No network at all: the rule above speaks.
      )
    ])
    error_message = "Each of network.subnets (${join(", ", compact(values(var.network.subnets)))}) must lie inside network.address_space (${var.network.address_space}). Move the subnet or widen the address space."
  }

  validation {
    # Of two ranges that overlap, one holds the other: cut to the shorter prefix, they are equal.
    condition = alltrue(flatten([
      for index, one in compact(values(var.network.subnets)) : [
        for other in slice(compact(values(var.network.subnets)), index + 1, length(compact(values(var.network.subnets)))) : try(
          cidrhost("${split("/", one)[0]}/${min(split("/", one)[1], split("/", other)[1])}", 0) !=
          cidrhost("${split("/", other)[0]}/${min(split("/", one)[1], split("/", other)[1])}", 0),
          true
        )
      ]
    ]))
    error_message = "network.subnets overlap: ${join(", ", [for name, range in var.network.subnets : "${name} ${range}" if range != null])}. Give each its own range."
  }

  validation {
    condition = alltrue([
      for pair in [
        [var.network.address_space, var.network.pods],
        [var.network.address_space, var.network.services],
        [var.network.pods, var.network.services],
        ] : try(
        cidrhost("${split("/", pair[0])[0]}/${min(split("/", pair[0])[1], split("/", pair[1])[1])}", 0) !=
        cidrhost("${split("/", pair[1])[0]}/${min(split("/", pair[0])[1], split("/", pair[1])[1])}", 0),
        true
      )
    ])
    error_message = "network.pods (${var.network.pods}) and network.services (${var.network.services}) exist inside the cluster only: they must overlap neither each other nor network.address_space (${var.network.address_space}). Move one to another private range."
  }

  validation {
    condition     = alltrue([for subnet in compact(values(var.network.subnets)) : try(tonumber(split("/", subnet)[1]) <= 28, true)])
    error_message = "network.subnets (${join(", ", compact(values(var.network.subnets)))}) must be /28 or larger: Azure keeps five addresses of each subnet, and PostgreSQL takes no smaller one. Shorten the prefix."
  }

  validation {
    # While AKS upgrades a pool, up to a third more nodes run.
    condition     = try(pow(2, 32 - tonumber(split("/", var.network.subnets.cluster)[1])) - 10 >= ceil(var.nodes * 4 / 3), true)
    error_message = "network.subnets.cluster is ${var.network.subnets.cluster}, too small for ${var.nodes} nodes: beside one address for each, Azure keeps five, an upgrade takes a third more, and internal load balancers want some. Shorten the prefix to /${32 - ceil(log(ceil(var.nodes * 4 / 3) + 10, 2))}, or lower the largest number of nodes of the cluster."
  }

  validation {
    # Azure CNI Overlay gives each node 256 addresses for its pods.
    condition     = try(pow(2, 24 - tonumber(split("/", var.network.pods)[1])) >= ceil(var.nodes * 4 / 3), true)
    error_message = "network.pods is ${var.network.pods}, too small for ${var.nodes} nodes: each takes a /24 of it, and an upgrade runs a third more nodes. Shorten the prefix to /${24 - ceil(log(max(ceil(var.nodes * 4 / 3), 1), 2))}, or lower the largest number of nodes of the cluster."
  }

  validation {
    condition     = try(tonumber(split("/", var.network.subnets.gateway)[1]) == 24, true)
    error_message = "network.subnets.gateway is ${coalesce(var.network.subnets.gateway, "null")}; in front of a cluster whose pods have ranges of their own (Azure CNI Overlay), Application Gateway for Containers takes exactly a /24. Change the prefix."
  }

  validation {
    condition = alltrue([for range in var.network.clients : try(cidrsubnet(range, 0, 0) == range && !strcontains(range, ":"), false)])
    error_message = "network.clients holds ranges that are no IPv4 network: ${join(", ", [
      for range in var.network.clients : coalesce(range, "null") if !try(cidrsubnet(range, 0, 0) == range && !strcontains(range, ":"), false)
    ])}. Write the first address and the length of the prefix, such as 203.0.113.0/24, or 203.0.113.7/32 for one address."
  }

  validation {
    condition     = var.network.nat.addresses >= 1 && var.network.nat.addresses <= 16 && floor(var.network.nat.addresses) == var.network.nat.addresses
    error_message = "network.nat.addresses is ${var.network.nat.addresses}, and a NAT gateway carries 1 to 16 public addresses. Choose a number in between."
  }

  validation {
    condition     = var.network.nat.zone == null ? true : contains(["1", "2", "3"], var.network.nat.zone)
    error_message = "network.nat.zone is \"${coalesce(var.network.nat.zone, "null")}\", and Azure's zones are 1, 2 and 3. Choose one of these, or leave it out and Azure chooses."
  }

  validation {
    condition     = var.network.firewall == null || can(cidrhost("${var.network.firewall}/32", 0))
    error_message = "network.firewall is \"${coalesce(var.network.firewall, "null")}\", which is no IPv4 address. Give the firewall's private address, such as 10.50.0.4."
  }

  validation {
    condition     = var.outbound != "userDefinedRouting" || var.network.firewall != null
    error_message = "outbound is userDefinedRouting, and network.firewall is not set. Give the private address of the firewall, or choose loadBalancer or natGateway."
  }

  validation {
    condition     = var.network.hub_id == null ? true : can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.Network/virtualNetworks/[^/]+$", var.network.hub_id))
    error_message = "network.hub_id is \"${coalesce(var.network.hub_id, "null")}\", which is no id of a virtual network. See `az network vnet list --query [].id`."
  }

  validation {
    condition = alltrue([for range in var.network.deployers : try(cidrsubnet(range, 0, 0) == range && !strcontains(range, ":"), false)])
    error_message = "network.deployers holds ranges that are no IPv4 network: ${join(", ", [
      for range in var.network.deployers : coalesce(range, "null") if !try(cidrsubnet(range, 0, 0) == range && !strcontains(range, ":"), false)
    ])}. Write the first address and the length of the prefix, such as 10.50.1.0/24."
  }
}
