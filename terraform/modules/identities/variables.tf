variable "name" {
  description = "Name of the environment; identities are called `<name>-id-<purpose>`."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Azure region in its short form, such as `centralus`."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group that holds the identities."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of every identity."
  type        = map(string)
  nullable    = false
}
