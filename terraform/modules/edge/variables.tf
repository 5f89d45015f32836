variable "name" {
  description = "Name of the environment; the gateway is called `<name>-agc`."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Azure region in its short form, such as `centralus`; not all regions have Application Gateway for Containers."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group that holds the gateway, its firewall policy and the controller's identity."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of the gateway, of its firewall policy and of the identity."
  type        = map(string)
  nullable    = false
}

variable "subnet_id" {
  description = "Subnet from which the gateway reaches the pods: delegated to Microsoft.ServiceNetworking/trafficControllers, a /24."
  type        = string

  validation {
    condition     = var.subnet_id != null
    error_message = "edge.kind is applicationGateway, and the foundation has no subnet for it. Apply the foundation with the same tfvars file first."
  }
}

variable "issuer" {
  description = "Address under which the cluster publishes the keys of its service account tokens."
  type        = string
  nullable    = false
}

variable "waf" {
  description = "What the web application firewall does with an attack: `Prevention` refuses it, `Detection` writes it down, `Off` means that there is none."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["Prevention", "Detection", "Off"], var.waf)
    error_message = "edge.waf is \"${var.waf}\", and the stacks know Prevention, Detection and Off. Choose one of these."
  }
}
