variable "name" {
  description = "Name of the load balancer, and what the names of its target groups begin with; at most 20 characters."
  type        = string
  nullable    = false

  validation {
    condition     = length(var.name) <= 20
    error_message = "Target groups' names have at most 32 characters, 13 of which say which it is."
  }
}

variable "region" {
  description = "Region of the load balancer."
  type        = string
  nullable    = false
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
  nullable    = false
}

variable "subnet_ids" {
  description = "Private subnets, one a zone."
  type        = list(string)
  nullable    = false
}

variable "security_group_id" {
  description = "Security group of the load balancer."
  type        = string
  nullable    = false
}

variable "certificate_arn" {
  description = "Certificate for TLS between CloudFront and the load balancer. Empty: HTTP inside the VPC."
  type        = string
  default     = ""
  nullable    = false
}

variable "on_sale_capacity_units" {
  description = "Load balancer capacity units that stand ready around each on-sale; 0 leaves it to grow by itself."
  type        = number
  nullable    = false

  validation {
    condition     = var.on_sale_capacity_units == 0 || var.on_sale_capacity_units >= 100
    error_message = "AWS reserves 100 units or more."
  }
}

variable "windows" {
  description = "On-sale windows by event: from when until when (RFC 3339)."
  type = map(object({
    from  = string
    until = string
  }))
  nullable = false
}

variable "protect" {
  description = "Whether it can't be deleted before this is switched off."
  type        = bool
  nullable    = false
}
