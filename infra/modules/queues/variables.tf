variable "name" {
  description = "What the names of the queues begin with."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the queues."
  type        = string
  nullable    = false
}
