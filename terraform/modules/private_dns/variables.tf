variable "name" {
  description = "Name of the environment; a link is called `<name>-vnet`."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group that holds the zones."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of the zones and of their links."
  type        = map(string)
  nullable    = false
}

variable "virtual_network_id" {
  description = "Network in which the names are known."
  type        = string
  nullable    = false
}

variable "zones" {
  description = "Name of the zone of each service."
  type        = map(string)
  nullable    = false
}
