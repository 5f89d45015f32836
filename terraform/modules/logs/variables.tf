variable "name" {
  description = "Name of the environment; the workspace is called `<name>-log`."
  type        = string
  nullable    = false
}

variable "location" {
  description = "Azure region in its short form, such as `centralus`."
  type        = string
  nullable    = false
}

variable "resource_group_name" {
  description = "Resource group that holds the workspace."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of the workspace."
  type        = map(string)
  nullable    = false
}

variable "logs" {
  description = "How many days logs are kept, and how many gigabytes are taken in a day (no limit when left out)."
  type = object({
    retention_days = number
    daily_gb       = optional(number)
  })
  nullable = false

  validation {
    condition     = var.logs.retention_days >= 30 && var.logs.retention_days <= 730 && floor(var.logs.retention_days) == var.logs.retention_days
    error_message = "logs.retention_days is ${var.logs.retention_days}, and a workspace keeps logs for 30 to 730 whole days. Choose a number in between."
  }

  validation {
    condition     = var.logs.daily_gb == null ? true : var.logs.daily_gb > 0
    error_message = "logs.daily_gb is ${coalesce(var.logs.daily_gb, 0)}; a day without any logs is none to rely on. Choose a number above 0, or leave it out for no limit."
  }
}

variable "sources" {
  description = "What writes into the workspace: id of the resource, and the categories of its logs."
  type = map(object({
    id         = string
    categories = set(string)
  }))
  nullable = false

  validation {
    condition     = alltrue([for source in values(var.sources) : length(source.categories) > 0])
    error_message = "Sources without a category: ${join(", ", [for key, source in var.sources : key if length(source.categories) == 0])}. Name at least one, see `az monitor diagnostic-settings categories list`."
  }
}
