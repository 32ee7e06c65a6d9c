variable "name" {
  description = "Name of the function."
  type        = string
  nullable    = false
}

variable "description" {
  description = "What it does."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the function."
  type        = string
  nullable    = false
}

variable "source_file" {
  description = "Its one file, Python or JavaScript; the handler is `handler` in it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("\\.(py|mjs)$", var.source_file))
    error_message = "The function is one file of Python (.py) or JavaScript (.mjs)."
  }
}

variable "timeout_seconds" {
  description = "How long a call may take, in seconds."
  type        = number
  nullable    = false
}

variable "environment" {
  description = "Its environment."
  type        = map(string)
  nullable    = false
}

variable "statements" {
  description = "What it may do: statements of an IAM policy."
  type = list(object({
    Effect    = string
    Action    = list(string)
    Resource  = list(string)
    Condition = optional(map(map(list(string))))
  }))
  nullable = false
}

variable "log_key_arn" {
  description = "KMS key that encrypts its logs."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "How long its logs are kept, in days."
  type        = number
  nullable    = false
}
