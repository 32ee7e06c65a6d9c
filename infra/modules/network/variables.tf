variable "name" {
  description = "What the names of all resources begin with."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the network."
  type        = string
  nullable    = false
}

variable "cidr_block" {
  description = "Address range of the VPC, a /16: five tiers of three /20 subnets."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrhost(var.cidr_block, 0)) && endswith(var.cidr_block, "/16")
    error_message = "The VPC needs a /16 in CIDR notation."
  }
}

variable "zone_ids" {
  description = "Availability zones by id (euw1-az1, ...), which mean the same zone in every account. Empty: the first three."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = contains([0, 3], length(var.zone_ids)) && length(distinct(var.zone_ids)) == length(var.zone_ids)
    error_message = "Name three different zones, or none."
  }
}

variable "nat_per_zone" {
  description = "Whether each zone has a NAT gateway of its own. One for all is cheaper, and lost with its zone."
  type        = bool
  nullable    = false
}

variable "log_key_arn" {
  description = "KMS key that encrypts the flow log."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "How long the flow log is kept, in days."
  type        = number
  nullable    = false
}

variable "otlp_ports" {
  description = "The port of a collector of traces among the services, or none."
  type        = list(number)
  nullable    = false
}
