variable "name" {
  description = "Name of the service: waiting-room, checkout or fulfilment."
  type        = string
  nullable    = false
}

variable "prefix" {
  description = "What the names of its family and logs begin with."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the service."
  type        = string
  nullable    = false
}

variable "cluster" {
  description = "The cluster, and the capacity provider that tasks run on."
  type = object({
    arn               = string
    name              = string
    capacity_provider = string
  })
  nullable = false
}

variable "image" {
  description = "The image, by a tag that never moves."
  type        = string
  nullable    = false
}

variable "architecture" {
  description = "What the image is built for: ARM64 or X86_64."
  type        = string
  nullable    = false

  validation {
    condition     = contains(["ARM64", "X86_64"], var.architecture)
    error_message = "The architecture is ARM64 or X86_64."
  }
}

variable "size" {
  description = "CPU units (1024 are one vCPU) and memory in MiB of a task."
  type = object({
    cpu    = number
    memory = number
  })
  nullable = false
}

variable "environment" {
  description = "The program's environment."
  type        = map(string)
  nullable    = false
}

variable "secrets" {
  description = "Environment variables whose values are secrets, by ARN."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "revision" {
  description = "A text that makes new tasks when it changes: what a task reads only when it starts."
  type        = string
  nullable    = false
}

variable "roles" {
  description = "Roles by ARN: what the program may do (task), and what starting it needs (execution)."
  type = object({
    task      = string
    execution = string
  })
  nullable = false
}

variable "subnet_ids" {
  description = "Private subnets, one a zone."
  type        = list(string)
  nullable    = false
}

variable "security_group_id" {
  description = "Security group of the tasks."
  type        = string
  nullable    = false
}

variable "target_group_arn" {
  description = "Target group that sends requests to it. Empty: nobody calls it."
  type        = string
  nullable    = false
}

variable "is_called" {
  description = "Whether there is a target group: known before its ARN is."
  type        = bool
  nullable    = false
}

variable "log_key_arn" {
  description = "KMS key that encrypts the logs."
  type        = string
  nullable    = false
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
  nullable    = false
}

variable "tasks" {
  description = "Fewest and most tasks. The fewest counts when the service is made; after that on-sale windows and failover move it."
  type = object({
    minimum = number
    maximum = number
  })
  nullable = false

  validation {
    condition     = var.tasks.minimum >= 0 && var.tasks.minimum <= var.tasks.maximum
    error_message = "There are no fewer than 0 tasks, and no more than the maximum."
  }
}

variable "tracking" {
  description = <<-EOT
    The metric that the number of tasks follows, and its target.
    requests: requests a minute and target; needs resource_label, `<load balancer suffix>/<target group suffix>`.
    cpu: percent of the CPU. backlog: messages waiting or in hand a task; needs queue_name.
  EOT
  type = object({
    metric         = string
    target         = number
    resource_label = optional(string, "")
    queue_name     = optional(string, "")
  })
  nullable = false

  validation {
    condition     = contains(["requests", "cpu", "backlog"], var.tracking.metric) && var.tracking.target > 0
    error_message = "The metric is requests, cpu or backlog, and its target is above 0."
  }
}

variable "step" {
  description = "A second reason to add tasks at once: a metric above `threshold` for `minutes` adds `add_percent`. At most one."
  type = list(object({
    namespace   = string
    metric      = string
    statistic   = string
    dimensions  = map(string)
    threshold   = number
    minutes     = number
    add_percent = number
  }))
  default  = []
  nullable = false

  validation {
    condition     = length(var.step) <= 1
    error_message = "There is one step policy at most."
  }
}

variable "windows" {
  description = "On-sale windows by event: from when until when (RFC 3339) there are no fewer than `minimum` tasks."
  type = map(object({
    from    = string
    until   = string
    minimum = number
  }))
  nullable = false
}

variable "wait_until_steady" {
  description = "Whether an apply waits until the new tasks are healthy."
  type        = bool
  nullable    = false
}
