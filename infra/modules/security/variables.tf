variable "name" {
  description = "What the names of all resources begin with."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the security groups."
  type        = string
  nullable    = false
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
  nullable    = false
}

variable "listener_port" {
  description = "Port of the load balancer: 80, or 443 where it has a certificate."
  type        = number
  nullable    = false

  validation {
    condition     = contains([80, 443], var.listener_port)
    error_message = "The load balancer listens on 80 or 443."
  }
}

variable "otlp" {
  description = "Where the collector of traces is: an address range and a port, or none."
  type = list(object({
    cidr_block = string
    port       = number
  }))
  nullable = false

  validation {
    condition     = length(var.otlp) <= 1
    error_message = "There is one collector, or none."
  }
}
