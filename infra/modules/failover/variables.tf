variable "name" {
  description = "What the names of all resources begin with."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The region that takes over when the button is pressed in it."
  type        = string
  nullable    = false
}

variable "peer_region" {
  description = "The other region."
  type        = string
  nullable    = false
}

variable "orders_table" {
  description = "The table with the control item: its name, and its ARN here."
  type = object({
    name = string
    arn  = string
  })
  nullable = false
}

variable "settings_prefix" {
  description = "What the settings' parameters begin with."
  type        = string
  nullable    = false
}

variable "key_value_store_arn" {
  description = "CloudFront's store that says which region is active."
  type        = string
  nullable    = false
}

variable "services" {
  description = "The services waiting_room, checkout and fulfilment: ARN, scaling, how many tasks the active region has at least."
  type = map(object({
    arn     = string
    scaling = object({ resource_id = string, arn = string })
    minimum = number
  }))
  nullable = false
}

variable "canary" {
  description = "The canary's function: name and ARN."
  type        = object({ name = string, arn = string })
  nullable    = false
}

variable "alarm_topic_arn" {
  description = "Where approvers are asked."
  type        = string
  nullable    = false
}

variable "approvers" {
  description = "ARNs of the IAM users or roles who may approve."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.approvers) > 0
    error_message = "A failover needs somebody who may approve it: set failover_approvers."
  }
}

variable "key_arn" {
  description = "KMS key of this region."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
  nullable    = false
}
