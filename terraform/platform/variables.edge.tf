# What stands in front of the cluster.

variable "edge" {
  description = "What stands in front of the cluster: `none`; `appRouting`, the gateway that AKS runs inside; or `applicationGateway`, Application Gateway for Containers, which needs the subnet `gateway`. `waf` is for the latter: the web application firewall refuses attacks (`Prevention`), writes them down (`Detection`), or is `Off`."
  type = object({
    kind = optional(string, "none")
    waf  = optional(string, "Prevention")
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["none", "appRouting", "applicationGateway"], var.edge.kind)
    error_message = "edge.kind is \"${var.edge.kind}\", and the stacks know none, appRouting and applicationGateway. Choose one of these."
  }
}
