variable "assign" {
  description = "Whether to make the assignments; without, they are only reported, and an owner must make them."
  type        = bool
  default     = true
  nullable    = false
}

variable "assignments" {
  description = "Who (principal_id) may do what (role) where (scope), and why (purpose). Name the principal_type of an identity that was just made: Azure then does not look for it in a directory that has not heard of it yet."
  type = map(object({
    scope          = string
    role           = string
    principal_id   = string
    principal_type = optional(string)
    purpose        = string
  }))
  nullable = false

  validation {
    condition     = alltrue([for assignment in values(var.assignments) : length(trimspace(assignment.purpose)) > 0])
    error_message = "Assignments without a purpose: ${join(", ", [for key, assignment in var.assignments : key if length(trimspace(assignment.purpose)) == 0])}. Say in one sentence what the role is for."
  }

  validation {
    condition = alltrue([
      for assignment in values(var.assignments) :
      assignment.principal_type == null ? true : contains(["User", "Group", "ServicePrincipal"], assignment.principal_type)
    ])
    error_message = "A principal_type is ${join(", ", compact([for assignment in values(var.assignments) : assignment.principal_type]))}, and Azure knows User, Group and ServicePrincipal. Choose one of these, or leave it out."
  }
}
