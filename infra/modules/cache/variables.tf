variable "name" {
  description = "Name of the cache."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the cache."
  type        = string
  nullable    = false
}

variable "subnet_ids" {
  description = "Data subnets, one a zone."
  type        = list(string)
  nullable    = false
}

variable "security_group_id" {
  description = "Security group of the cache."
  type        = string
  nullable    = false
}

variable "node_type" {
  description = "Instance type of a node."
  type        = string
  nullable    = false
}

variable "replicas" {
  description = "Replicas, each in another zone. None in development: then the queue is lost with its node, and re-forms."
  type        = number
  nullable    = false

  validation {
    condition     = var.replicas >= 0 && var.replicas <= 2
    error_message = "There are at most two replicas, one in each other zone."
  }
}

variable "key_arn" {
  description = "KMS key that encrypts the cache and the secret of its address."
  type        = string
  nullable    = false
}

variable "recovery_window_days" {
  description = "How long a deleted secret can be got back, in days; 0 deletes it at once."
  type        = number
  nullable    = false
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
  nullable    = false
}
