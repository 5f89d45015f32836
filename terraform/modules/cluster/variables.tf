variable "name" {
  description = "Name of the environment; the cluster is called `<name>-aks`."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Azure region in its short form, such as `centralus`."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group that holds the cluster. Azure adds a second one for the nodes."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of the cluster and of its nodes."
  type        = map(string)
  nullable    = false
}

variable "tenant_id" {
  description = "Tenant whose identities may sign in to the cluster."
  type        = string
  nullable    = false
}

variable "subnet_id" {
  description = "Subnet of the nodes."
  type        = string
  nullable    = false
}

variable "identity_id" {
  description = "Identity with which AKS manages the network; it needs its roles before the cluster is built."
  type        = string
  nullable    = false
}

variable "kubelet" {
  description = "Identity of the nodes."
  type = object({
    identity_id = string
    client_id   = string
    object_id   = string
  })
  nullable = false
}

variable "ranges" {
  description = "Addresses of pods and of services. They exist inside the cluster only; the tenth address of services is the cluster's DNS."
  type = object({
    pods     = string
    services = string
  })
  nullable = false

  validation {
    condition     = try(tonumber(split("/", var.ranges.services)[1]) <= 28, true)
    error_message = "network.services is ${var.ranges.services}, which has no tenth address for the cluster's DNS. Use /28 or larger."
  }
}

variable "outbound" {
  description = "How nodes reach the world: `loadBalancer` (a public address of the cluster), `natGateway` (the subnet's) or `userDefinedRouting` (the subnet's route table says)."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["loadBalancer", "natGateway", "userDefinedRouting"], var.outbound)
    error_message = "outbound is \"${var.outbound}\", and the cluster knows loadBalancer, natGateway and userDefinedRouting. Choose one of these."
  }
}

variable "workspace_id" {
  description = "Log Analytics workspace for the logs of containers and for Defender, where these are on."
  type        = string
  nullable    = false
}

variable "agents" {
  description = "Which of Azure Monitor's agents run in the cluster: for Prometheus metrics, for logs of containers."
  type        = object({ metrics = bool, logs = bool })
  nullable    = false
}

variable "app_routing" {
  description = "Whether AKS' application routing is on, without its controller of NGINX."
  type        = bool
  nullable    = false
}

variable "cluster" {
  description = "The decisions about the cluster; the stacks' variable of the same name explains them."
  type = object({
    tier                = string
    version             = optional(string)
    upgrades            = string
    node_images         = string
    private_dns_zone_id = optional(string)
    admin_group_ids     = list(string)
    local_accounts      = bool
    image_cleaner_hours = number
    host_encryption     = bool
    policy              = bool
    defender            = bool
    cost_analysis       = bool
    csi                 = bool
    maintenance = object({
      cluster = object({ day = string, hour = number, hours = number })
      nodes   = object({ day = string, hour = number, hours = number })
    })
  })
  nullable = false

  validation {
    condition     = contains(["Free", "Standard", "Premium"], var.cluster.tier)
    error_message = "cluster.tier is \"${var.cluster.tier}\", and AKS knows Free (no promise of uptime), Standard and Premium. Choose one of these."
  }

  validation {
    condition     = var.cluster.version == null ? true : can(regex("^1\\.[0-9]+(\\.[0-9]+)?$", var.cluster.version))
    error_message = "cluster.version is \"${coalesce(var.cluster.version, "null")}\", which is no version of Kubernetes. Write it like 1.34, or leave it out for the region's default."
  }

  validation {
    condition     = contains(["patch", "stable", "rapid", "node-image"], var.cluster.upgrades)
    error_message = "cluster.upgrades is \"${var.cluster.upgrades}\", and AKS knows the channels patch, stable, rapid and node-image. Choose one of these."
  }

  validation {
    condition     = contains(["NodeImage", "SecurityPatch", "Unmanaged", "None"], var.cluster.node_images)
    error_message = "cluster.node_images is \"${var.cluster.node_images}\", and AKS knows the channels NodeImage, SecurityPatch, Unmanaged and None. Choose one of these."
  }

  validation {
    condition     = var.cluster.upgrades != "node-image" || var.cluster.node_images == "NodeImage"
    error_message = "cluster.upgrades is node-image and cluster.node_images is ${var.cluster.node_images}, but that channel is both in one. Set node_images to NodeImage, or upgrades to patch."
  }

  validation {
    condition     = var.cluster.private_dns_zone_id == null || var.cluster.private_dns_zone_id == "None" ? true : can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.Network/privateDnsZones/([a-z0-9-]+\\.)?(privatelink|private)\\.[a-z0-9]+\\.azmk8s\\.io$", var.cluster.private_dns_zone_id))
    error_message = "cluster.private_dns_zone_id is \"${coalesce(var.cluster.private_dns_zone_id, "null")}\"; it must be None, or the id of a zone called privatelink.<region>.azmk8s.io or private.<region>.azmk8s.io, with or without a name in front. See `az network private-dns zone list --query [].id`, or leave it out for a zone that AKS keeps."
  }

  validation {
    condition     = alltrue([for id in var.cluster.admin_group_ids : can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", id))])
    error_message = "cluster.admin_group_ids holds ${join(", ", [for id in var.cluster.admin_group_ids : id if !can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", id))])}, which is no object id. See `az ad group show --group <name> --query id`."
  }

  validation {
    condition     = var.cluster.image_cleaner_hours == 0 || (var.cluster.image_cleaner_hours >= 24 && var.cluster.image_cleaner_hours <= 2160)
    error_message = "cluster.image_cleaner_hours is ${var.cluster.image_cleaner_hours}, and images are cleaned every 24 to 2160 hours. Choose a number in between, or 0 for never."
  }

  validation {
    condition     = !(var.cluster.cost_analysis && var.cluster.tier == "Free")
    error_message = "cluster.cost_analysis is on and cluster.tier is Free, which has none. Choose Standard or Premium, or switch it off."
  }

  validation {
    condition     = alltrue([for window in values(var.cluster.maintenance) : contains(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"], window.day)])
    error_message = "cluster.maintenance has the days ${join(" and ", [for window in values(var.cluster.maintenance) : window.day])}; write them like Sunday."
  }

  validation {
    condition     = alltrue([for window in values(var.cluster.maintenance) : contains(range(0, 24), window.hour) && contains(range(4, 25), window.hours)])
    error_message = "cluster.maintenance begins at ${join(" and ", [for window in values(var.cluster.maintenance) : "${window.hour}:00 for ${window.hours} hours"])}; a window begins at a full hour from 0 to 23 and lasts 4 to 24. Correct it."
  }
}
