variable "name" {
  description = "What the names of the secrets begin with."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The primary region."
  type        = string
  nullable    = false
}

variable "key_arn" {
  description = "KMS key of the primary region."
  type        = string
  nullable    = false
}

variable "replicas" {
  description = "KMS keys of the regions that get a copy."
  type        = map(string)
  nullable    = false
}

variable "recovery_window_days" {
  description = "How long a deleted secret can be got back, in days; 0 deletes it at once."
  type        = number
  nullable    = false
}
