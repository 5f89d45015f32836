# How the environment is reached, and how it reaches others.

variable "outbound" {
  description = "How nodes reach the world: `loadBalancer` (a public address of the cluster), `natGateway` (a public address of the network, see `network.nat`) or `userDefinedRouting` (through `network.firewall`)."
  type        = string
  default     = "loadBalancer"
  nullable    = false

  validation {
    condition     = contains(["loadBalancer", "natGateway", "userDefinedRouting"], var.outbound)
    error_message = "outbound is \"${var.outbound}\", and the stacks know loadBalancer, natGateway and userDefinedRouting. Choose one of these."
  }
}

variable "network" {
  description = "Address ranges: of the network, of its subnets, of pods and services (inside the cluster only), of the clients that may reach the edge on ports 80 and 443, of the deployers that may reach private endpoints from peered networks (none by default). `private_endpoints` gives vault, storage and registry addresses inside the network and closes them to the rest; without, the nodes' subnet is let in by service endpoints. `nat` counts its public addresses and names its zone; `firewall` is the private address that `userDefinedRouting` leads to, `hub_id` the virtual network in which it is: of this subscription, and peered both ways. The subnet `gateway` is for Application Gateway for Containers, a /24; it stays under every `edge.kind`, and null leaves it out."
  type = object({
    address_space = optional(string, "10.40.0.0/16")
    subnets = optional(object({
      cluster   = optional(string, "10.40.0.0/22")
      database  = optional(string, "10.40.4.0/27")
      endpoints = optional(string, "10.40.5.0/26")
      gateway   = optional(string, "10.40.6.0/24")
    }), {})
    pods              = optional(string, "10.244.0.0/16")
    services          = optional(string, "10.245.0.0/16")
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
  default  = {}
  nullable = false
}
