# What stands in front of the cluster.

variable "edge" {
  description = "What stands in front of the cluster: `none`, `appRouting` or `applicationGateway`, which needs the subnet `gateway`."
  type = object({
    kind = optional(string, "none")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["none", "appRouting", "applicationGateway"], var.edge.kind)
    error_message = "edge.kind is \"${var.edge.kind}\", and the stacks know none, appRouting and applicationGateway. Choose one of these."
  }
}
