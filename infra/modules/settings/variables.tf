variable "region" {
  description = "Region of the parameters."
  type        = string
  nullable    = false
}

variable "prefix" {
  description = "What the parameters' names begin with."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^/[a-zA-Z0-9_.-]+$", var.prefix))
    error_message = "The prefix is a slash and one word, such as /waiting-room."
  }
}

variable "events" {
  description = "Initial settings of each event."
  type = map(object({
    admission_rate_per_minute = number
    max_active_sessions       = number
  }))
  nullable = false
}
