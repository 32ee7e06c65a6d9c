variable "name" {
  description = "What the names of all resources begin with."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The region that the canary looks from, and at."
  type        = string
  nullable    = false
}

variable "peer_region" {
  description = "The other region. Empty: there is none."
  type        = string
  nullable    = false
}

variable "has_peer" {
  description = "Whether there is another region."
  type        = bool
  nullable    = false
}

variable "site_url" {
  description = "Where fans find the site."
  type        = string
  nullable    = false
}

variable "operator_api" {
  description = "The region's own operator API: its address, and the ARN to call it by."
  type = object({
    url       = string
    ready_arn = string
  })
  nullable = false
}

variable "orders_table" {
  description = "The table with both regions' heartbeats: its name, and its ARN here."
  type = object({
    name = string
    arn  = string
  })
  nullable = false
}

variable "log_key_arn" {
  description = "KMS key that encrypts the log."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "How long the log is kept, in days."
  type        = number
  nullable    = false
}
