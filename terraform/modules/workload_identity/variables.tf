variable "name" {
  description = "Name of the environment; the credential is called `<name>-<service account>`."
  type        = string
  nullable    = false
}

variable "identity_id" {
  description = "Identity that the service account becomes."
  type        = string
  nullable    = false
}

variable "issuer" {
  description = "Address under which the cluster publishes the keys of its service account tokens."
  type        = string
  nullable    = false
}

variable "namespace" {
  description = "Kubernetes namespace of the service account."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.namespace))
    error_message = "namespace is \"${var.namespace}\"; Kubernetes takes up to 63 small letters, digits and dashes, with no dash at either end. Rename it."
  }
}

variable "service_account" {
  description = "Kubernetes service account that may sign in."
  type        = string
  nullable    = false
}
