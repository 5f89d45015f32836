variable "name" {
  description = "Name of the environment; the registry is called `<name>acr<suffix>` without dashes."
  type        = string
  nullable    = false
}

variable "suffix" {
  description = "Makes the registry's name unique among all tenants; empty for none."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]{5,50}$", "${replace(var.name, "-", "")}acr${var.suffix}"))
    error_message = "The registry's name \"${replace(var.name, "-", "")}acr${var.suffix}\" must have 5 to 50 small letters and digits. Change name or suffix."
  }
}

variable "location" {
  description = "Azure region in its short form, such as `centralus`."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group that holds the registry."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of the registry."
  type        = map(string)
  nullable    = false
}

variable "private" {
  description = "Whether a private endpoint leads to the registry, so that a Premium one is closed to all others but `registry.allowed`."
  type        = bool
  nullable    = false
}

variable "registry" {
  description = "SKU, whether a Premium registry lies in several zones, after how many days it forgets images without a tag, and the public addresses or ranges that reach it from outside."
  type = object({
    sku            = string
    zone_redundant = optional(bool, true)
    untagged_days  = optional(number, 30)
    allowed        = optional(list(string), [])
  })
  nullable = false

  validation {
    condition     = contains(["Basic", "Standard", "Premium"], var.registry.sku)
    error_message = "registry.sku is \"${var.registry.sku}\", and Azure knows Basic, Standard and Premium. Choose one of these."
  }

  validation {
    condition     = var.registry.untagged_days >= 0 && var.registry.untagged_days <= 365 && floor(var.registry.untagged_days) == var.registry.untagged_days
    error_message = "registry.untagged_days is ${var.registry.untagged_days}, and Azure forgets images without a tag after 0 to 365 whole days. Choose a number in between."
  }

  validation {
    condition     = var.registry.sku == "Premium" || length(var.registry.allowed) == 0
    error_message = "registry.allowed is set, and registry.sku is ${var.registry.sku}: only a Premium registry has a firewall, the others answer everybody who may sign in. Leave registry.allowed out, or choose Premium."
  }

  validation {
    condition = alltrue([
      for range in var.registry.allowed :
      try(cidrhost(strcontains(range, "/") ? range : "${range}/32", 0) == split("/", range)[0], false)
    ])
    error_message = "registry.allowed holds what is no IPv4 address or range: ${join(", ", [
      for range in var.registry.allowed : coalesce(range, "null")
      if !try(cidrhost(strcontains(range, "/") ? range : "${range}/32", 0) == split("/", range)[0], false)
    ])}. Write an address such as 203.0.113.7, or the first one and the length of the prefix, such as 203.0.113.0/24."
  }

  validation {
    condition     = !anytrue([for range in var.registry.allowed : can(regex("^(10|127|169\\.254|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\.", range))])
    error_message = "registry.allowed holds private addresses (${join(", ", [for range in var.registry.allowed : range if can(regex("^(10|127|169\\.254|172\\.(1[6-9]|2[0-9]|3[01])|192\\.168)\\.", range))])}), which Azure's firewall refuses. Name the public address behind which they are, or reach the registry through its private endpoint."
  }
}
