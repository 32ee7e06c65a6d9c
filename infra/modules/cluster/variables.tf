variable "name" {
  description = "Name of the cluster."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the cluster."
  type        = string
  nullable    = false
}

variable "use_spot" {
  description = "Whether tasks run on spare capacity, which AWS takes back at two minutes' notice: for development."
  type        = bool
  nullable    = false
}
