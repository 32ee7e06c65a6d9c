variable "name" {
  description = "What the names of the roles begin with."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The region that the roles are for."
  type        = string
  nullable    = false
}

variable "tables" {
  description = "ARNs of the tables orders, audit and events in this region."
  type = object({
    orders = string
    audit  = string
    events = string
  })
  nullable = false
}

variable "queues" {
  description = "ARNs of the queues orders, dead_letters and ended_sessions."
  type = object({
    orders         = string
    dead_letters   = string
    ended_sessions = string
  })
  nullable = false
}

variable "secrets" {
  description = "ARNs of the secrets: signing keys, operator's and viewer's credential, queue store's address."
  type = object({
    keys        = string
    operator    = string
    viewer      = string
    queue_store = string
  })
  nullable = false
}

variable "settings_prefix" {
  description = "What the settings' parameters begin with."
  type        = string
  nullable    = false
}

variable "key_arn" {
  description = "KMS key that encrypts the secrets and the audit log."
  type        = string
  nullable    = false
}

variable "repository_arns" {
  description = "Image repository of each service."
  type        = map(string)
  nullable    = false
}
