variable "name" {
  description = "What the names of all resources begin with."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The region."
  type        = string
  nullable    = false
}

variable "network" {
  description = "Address range of the VPC, zones by id (empty: the first three), and whether each zone has NAT gateway and endpoints of its own."
  type = object({
    cidr_block    = string
    zone_ids      = list(string)
    in_every_zone = bool
  })
  nullable = false
}

variable "load_balancer" {
  description = "Certificate for TLS behind CloudFront (empty: none) and the name in it, capacity units that stand ready around each on-sale (0: none), and when that is."
  type = object({
    certificate_arn        = string
    server_name            = string
    on_sale_capacity_units = number
    windows                = map(object({ from = string, until = string }))
  })
  nullable = false
}

variable "cache" {
  description = "Node type and number of replicas of the queue store."
  type = object({
    node_type = string
    replicas  = number
  })
  nullable = false
}

variable "tables" {
  description = "The tables orders, audit and events as this region has them."
  type = object({
    orders = object({ name = string, arn = string })
    audit  = object({ name = string, arn = string })
    events = object({ name = string, arn = string })
  })
  nullable = false
}

variable "secrets" {
  description = "The secrets keys, operator and viewer as this region has them, by ARN."
  type = object({
    keys     = string
    operator = string
    viewer   = string
  })
  nullable = false
}

variable "images" {
  description = "Image of each service in this region, and its repository's ARN."
  type = object({
    uris            = map(string)
    repository_arns = map(string)
    architecture    = string
  })
  nullable = false
}

variable "otlp_endpoint" {
  description = "Where the services send traces, an address inside the VPC. Empty: nowhere."
  type        = string
  nullable    = false
}

variable "settings" {
  description = "What the settings' parameters begin with, and the events' initial values."
  type = object({
    prefix = string
    events = map(object({
      admission_rate_per_minute = number
      max_active_sessions       = number
    }))
  })
  nullable = false
}

variable "site_url" {
  description = "Where fans find the site: checkout fetches the waiting room's public keys there."
  type        = string
  nullable    = false
}

variable "services" {
  description = "Size and numbers of tasks of waiting_room, checkout and fulfilment, the targets they scale by, and on-sale windows."
  type = map(object({
    cpu     = number
    memory  = number
    minimum = number
    maximum = number
    target  = number
    windows = map(object({
      from    = string
      until   = string
      minimum = number
    }))
  }))
  nullable = false

  validation {
    condition     = toset(keys(var.services)) == toset(["waiting_room", "checkout", "fulfilment"])
    error_message = "The services are waiting_room, checkout and fulfilment."
  }
}

variable "limits" {
  description = "Where steps add tasks and alarms sound: p95 latency of checkout in seconds, age of the oldest order in seconds."
  type = object({
    checkout_p95_seconds = number
    oldest_order_seconds = number
  })
  nullable = false
}

variable "use_spot" {
  description = "Whether tasks run on spare capacity."
  type        = bool
  nullable    = false
}

variable "revision" {
  description = "A text that makes new tasks when it changes."
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

variable "alarm_emails" {
  description = "Who is told of alarms."
  type        = list(string)
  nullable    = false
}

variable "start_after" {
  description = "Something that has to be there before services start; its value does not matter."
  type        = string
  nullable    = false
}

variable "protect" {
  description = "Whether what holds data can't be deleted by mistake."
  type        = bool
  nullable    = false
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
  nullable    = false
}
