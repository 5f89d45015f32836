variable "name" {
  description = "Name of the environment; an endpoint is called `<name>-pe-<service>`."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Azure region in its short form, such as `centralus`."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group that holds the endpoints."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of the endpoints."
  type        = map(string)
  nullable    = false
}

variable "zone_ids" {
  description = "Private DNS zone in which each service's public name leads to its endpoint."
  type        = map(string)
  nullable    = false
}

variable "subnet_id" {
  description = "Subnet in which the endpoints get their addresses."
  type        = string
  nullable    = false
}

variable "services" {
  description = "Ids of the services: `vault`, `storage` (its blobs) and `registry` (Premium only)."
  type        = map(string)
  nullable    = false

  validation {
    condition     = length(setsubtract(keys(var.services), ["vault", "storage", "registry"])) == 0
    error_message = "services holds ${join(", ", keys(var.services))}, and endpoints lead to vault, storage and registry. Add the other's part to this module, and its zone to the foundation."
  }
}
