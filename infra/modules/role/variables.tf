variable "name" {
  description = "Name of the role."
  type        = string
  nullable    = false
}

variable "service" {
  description = "The AWS service that takes it, such as scheduler.amazonaws.com."
  type        = string
  nullable    = false

  validation {
    condition     = endswith(var.service, ".amazonaws.com")
    error_message = "A service's principal ends with .amazonaws.com."
  }
}

variable "statements" {
  description = "What it may do: statements of an IAM policy."
  type        = any
  nullable    = false
}
