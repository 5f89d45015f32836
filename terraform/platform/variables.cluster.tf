variable "cluster" {
  description = "Tier of the control plane, version of Kubernetes at creation (the region's default if left out), the channel that moves it on (Terraform does not), size of a node, bounds of the autoscaler, and zones."
  type = object({
    tier     = optional(string, "Standard")
    version  = optional(string)
    upgrades = optional(string, "patch")
    nodes = optional(object({
      size  = optional(string, "Standard_D4s_v5")
      min   = optional(number, 3)
      max   = optional(number, 6)
      zones = optional(set(string), ["1", "2", "3"])
    }), {})
  })
  default  = {}
  nullable = false
}
