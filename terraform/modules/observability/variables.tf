variable "name" {
  description = "Name of the environment; everything here is called `<name>-<kind>`."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Azure region in its short form, such as `centralus`."
  type        = string
  nullable    = false
}

variable "resource_group" {
  description = "Resource group that holds everything (name and id)."
  type        = object({ name = string, id = string })
  nullable    = false
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  nullable    = false
}

variable "namespace" {
  description = "Kubernetes namespace whose pods the alerts are about, beside those of External Secrets."
  type        = string
  nullable    = false
}

# One variable for each id: only what asks for the cluster's waits for the cluster.

variable "cluster_id" {
  description = "Id of the cluster, whose metrics and logs are collected."
  type        = string
  nullable    = false
}

variable "database_id" {
  description = "Id of the PostgreSQL server."
  type        = string
  nullable    = false
}

variable "storage_account_id" {
  description = "Id of the storage account."
  type        = string
  nullable    = false
}

variable "vault_id" {
  description = "Id of the vault."
  type        = string
  nullable    = false
}

variable "cluster_name" {
  description = "Name of the cluster, known before it exists, so that rules need not wait for it."
  type        = string
  nullable    = false
}

variable "log_analytics_workspace_id" {
  description = "Workspace for logs."
  type        = string
  nullable    = false
}

variable "deployer_object_id" {
  description = "Object id of whoever publishes the dashboards."
  type        = string
  nullable    = false
}

variable "assign_roles" {
  description = "Whether Terraform assigns the roles and the policy. Without, an owner does what the output `role_assignments` lists, and nobody is told of expiring secrets."
  type        = bool
  default     = true
  nullable    = false
}

variable "observability" {
  description = "Who is told, when, and what is collected: see `variables.observability.tf` of the stacks."
  type = object({
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

  validation {
    condition     = alltrue([for one in var.observability.emails : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", one))])
    error_message = "observability.emails has ${join(", ", [for one in var.observability.emails : one if !can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", one))])}, which is no address. Write somebody@example.com."
  }

  validation {
    condition     = alltrue([for one in values(var.observability.webhooks) : can(regex("^https://[^/\\s]+", one))])
    error_message = "observability.webhooks names addresses without https:// for: ${join(", ", [for name, one in var.observability.webhooks : name if !can(regex("^https://[^/\\s]+", one))])}. Alerts travel encrypted; write https://…"
  }

  validation {
    condition     = length(var.observability.emails) + length(var.observability.webhooks) <= 1000
    error_message = "observability names more than 1000 receivers, the most of an action group. Use a mailing list."
  }

  validation {
    condition     = can(regex("^[^#\\s]+$", var.observability.runbook))
    error_message = "observability.runbook is \"${var.observability.runbook}\"; it is the address of the runbook without blanks and without an anchor, which each alert adds. Write https://…/docs/runbook.md."
  }

  validation {
    condition     = var.observability.budget == null ? true : var.observability.budget > 0
    error_message = "observability.budget is ${coalesce(var.observability.budget, 0)}; Azure counts from more than 0, in the currency of the subscription. Leave it out for no budget."
  }

  validation {
    condition     = contains(["1m", "5m", "10m", "15m", "30m"], var.observability.containers.interval)
    error_message = "observability.containers.interval is \"${var.observability.containers.interval}\", and Container Insights takes 1m to 30m. Choose 1m, 5m, 10m, 15m or 30m."
  }

  validation {
    condition = alltrue([
      for one in setunion(var.observability.grafana.admins, var.observability.grafana.viewers) :
      can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", one))
    ])
    error_message = "observability.grafana names people who are no object ids: ${join(", ", [for one in setunion(var.observability.grafana.admins, var.observability.grafana.viewers) : one if !can(regex("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", one))])}. See `az ad group show --group <name> --query id`."
  }

  validation {
    condition     = length(setintersection(var.observability.grafana.admins, var.observability.grafana.viewers)) == 0
    error_message = "observability.grafana has the same id as administrator and as viewer: ${join(", ", setintersection(var.observability.grafana.admins, var.observability.grafana.viewers))}. Keep it in one list."
  }

  validation {
    condition     = var.observability.thresholds.availability_percent >= 90 && var.observability.thresholds.availability_percent < 100
    error_message = "observability.thresholds.availability_percent is ${var.observability.thresholds.availability_percent}; from 90 to below 100: with 100 one failure in a month would be too many. Choose 99.9, say."
  }

  validation {
    condition = alltrue([
      for key in ["database_cpu_percent", "database_storage_percent", "node_cpu_percent"] :
      var.observability.thresholds[key] > 0 && var.observability.thresholds[key] < 100
    ])
    error_message = "observability.thresholds has a percentage that is not between 0 and 100: ${join(", ", [for key in ["database_cpu_percent", "database_storage_percent", "node_cpu_percent"] : "${key} = ${var.observability.thresholds[key]}" if var.observability.thresholds[key] <= 0 || var.observability.thresholds[key] >= 100])}. Choose 80, say."
  }

  validation {
    condition = alltrue([
      for key in ["latency_p99_seconds", "database_connections", "blob_latency_milliseconds", "secret_days"] :
      var.observability.thresholds[key] > 0
    ]) && var.observability.thresholds.requests_per_second >= 0
    error_message = "observability.thresholds has a value of 0 or less, which would alarm always. Leave it out for the default."
  }
}
