variable "name" {
  description = "Name of the key's alias."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the key."
  type        = string
  nullable    = false
}
