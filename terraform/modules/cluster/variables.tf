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
  description = "How nodes reach the world: `loadBalancer` (a public address of the cluster) or `userDefinedRouting` (the subnet's route table says)."
  type        = string
  nullable    = false
}

variable "cluster" {
  description = "Tier of the control plane, version of Kubernetes at creation and the channel that moves it on, size of a node, and the bounds of the autoscaler."
  type = object({
    tier     = string
    version  = optional(string)
    upgrades = string
    nodes = object({
      size  = string
      min   = number
      max   = number
      zones = set(string)
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
    condition     = startswith(var.cluster.nodes.size, "Standard_")
    error_message = "cluster.nodes.size is \"${var.cluster.nodes.size}\"; sizes of machines begin with Standard_, such as Standard_D4s_v5. See `az vm list-skus --location <region>`."
  }

  validation {
    condition     = var.cluster.nodes.min >= 1
    error_message = "cluster.nodes.min is ${var.cluster.nodes.min}, and the pool that runs the system needs a node. Use 1 or more; 2 or more survive an upgrade without a pause."
  }

  validation {
    condition     = var.cluster.nodes.min <= var.cluster.nodes.max
    error_message = "cluster.nodes.min (${var.cluster.nodes.min}) must not exceed cluster.nodes.max (${var.cluster.nodes.max}). Lower the one or raise the other."
  }

  validation {
    condition     = var.cluster.nodes.max <= 1000
    error_message = "cluster.nodes.max is ${var.cluster.nodes.max}, and a pool has at most 1000 nodes. Lower it."
  }

  validation {
    condition     = length(setsubtract(var.cluster.nodes.zones, ["1", "2", "3"])) == 0
    error_message = "cluster.nodes.zones holds ${join(", ", var.cluster.nodes.zones)}, and a region has the zones 1, 2 and 3, or none. Choose from these; leave the list empty in a region without zones."
  }
}
