# Who is told, when, and what is collected.

variable "observability" {
  description = "Metrics, logs, alerts and dashboards: off as a whole with `enabled`, Grafana and the logs of containers by themselves. Receivers of alerts (`emails`; `webhooks` by name: an address with a token in it would lie in the state), the address of the runbook that alerts name, a monthly `budget` in the currency of the subscription (none by default), object ids of Grafana's administrators and viewers beside the deployer, and thresholds."
  type = object({
    enabled  = optional(bool, true)
    emails   = optional(set(string), [])
    webhooks = optional(map(string), {})
    runbook  = optional(string, "docs/runbook.md")
    budget   = optional(number)
    containers = optional(object({
      enabled  = optional(bool, true)
      interval = optional(string, "1m")
      excluded = optional(set(string), ["kube-system", "gatekeeper-system"])
    }), {})
    grafana = optional(object({
      enabled        = optional(bool, true)
      zone_redundant = optional(bool, false)
      admins         = optional(set(string), [])
      viewers        = optional(set(string), [])
    }), {})
    thresholds = optional(object({
      latency_p99_seconds       = optional(number, 1)
      availability_percent      = optional(number, 99.9)
      requests_per_second       = optional(number, 0.1)
      database_cpu_percent      = optional(number, 80)
      database_connections      = optional(number, 300)
      database_storage_percent  = optional(number, 80)
      blob_latency_milliseconds = optional(number, 1000)
      node_cpu_percent          = optional(number, 90)
      secret_days               = optional(number, 30)
    }), {})
  })
  default  = {}
  nullable = false
}
