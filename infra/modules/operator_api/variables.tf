variable "name" {
  description = "What the names of all resources begin with."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the API."
  type        = string
  nullable    = false
}

variable "subnet_ids" {
  description = "Subnets in which the API enters the VPC, one a zone."
  type        = list(string)
  nullable    = false
}

variable "security_group_id" {
  description = "Security group of the API's way into the VPC."
  type        = string
  nullable    = false
}

variable "listener" {
  description = "The load balancer's listener: its ARN, and the name on its certificate (empty: it has none)."
  type = object({
    arn         = string
    server_name = string
  })
  nullable = false
}

variable "log_key_arn" {
  description = "KMS key that encrypts the access log."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "How long the access log is kept, in days."
  type        = number
  nullable    = false
}
