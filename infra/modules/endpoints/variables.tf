variable "name" {
  description = "What the names of all resources begin with."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the endpoints."
  type        = string
  nullable    = false
}

variable "vpc_id" {
  description = "The VPC."
  type        = string
  nullable    = false
}

variable "subnet_ids" {
  description = "Subnets of the interface endpoints: one a zone, or one for all."
  type        = list(string)
  nullable    = false
}

variable "route_table_ids" {
  description = "Route tables that lead to S3 and DynamoDB."
  type        = list(string)
  nullable    = false
}

variable "security_group_id" {
  description = "Security group of the interface endpoints."
  type        = string
  nullable    = false
}

variable "table_arns" {
  description = "The DynamoDB tables that may be reached."
  type        = list(string)
  nullable    = false
}
