variable "name" {
  description = "Name of the environment; the configuration is called `<name>-flux`."
  type        = string
  nullable    = false
}

variable "cluster_id" {
  description = "Cluster that follows the repository; its pools must be there."
  type        = string
  nullable    = false
}

variable "repository" {
  description = "Address, branch and folder that Flux applies, and the Kubernetes Secret in flux-system with which it signs in to a private repository."
  type = object({
    url    = string
    branch = string
    path   = string
    secret = optional(string)
  })
  nullable = false

  validation {
    condition     = can(regex("^(https|ssh)://[^@[:space:]]+(@[^@[:space:]]+)?$|^git@[^[:space:]]+$", var.repository.url)) && !can(regex("^https://[^/]*@", var.repository.url))
    error_message = "cluster.flux.url must begin with https://, ssh:// or git@ and hold no password or token. Keep these in a Kubernetes Secret in flux-system, and name it as cluster.flux.secret."
  }

  validation {
    condition     = length(trimspace(var.repository.branch)) > 0
    error_message = "cluster.flux.branch is empty. Name the branch, such as main."
  }

  validation {
    condition     = startswith(var.repository.path, "./") && !strcontains(var.repository.path, "..")
    error_message = "cluster.flux.path is \"${var.repository.path}\"; write it from the top of the repository, such as ./clusters/dev."
  }

  validation {
    condition     = var.repository.secret == null ? true : can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.repository.secret))
    error_message = "cluster.flux.secret is \"${coalesce(var.repository.secret, "null")}\"; it is the name of a Secret: up to 63 small letters, digits and dashes, with no dash at either end. Correct it."
  }
}
