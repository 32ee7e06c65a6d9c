variable "name" {
  description = "What the names of repositories and build begin with."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The region that builds."
  type        = string
  nullable    = false
}

variable "keys" {
  description = "KMS key of each region that holds the images; the building region is one of them."
  type        = map(string)
  nullable    = false
}

variable "services" {
  description = "Targets of docker/Dockerfile, an image each."
  type        = set(string)
  nullable    = false
}

variable "source_dir" {
  description = "The repository: what docker/Dockerfile is built from."
  type        = string
  nullable    = false
}

variable "architecture" {
  description = "What is built for: ARM64 or X86_64."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "How long the builds' logs are kept, in days."
  type        = number
  nullable    = false
}
