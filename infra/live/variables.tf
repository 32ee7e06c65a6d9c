variable "project" {
  description = "What it is called; with the environment it begins the names of all resources."
  type        = string
  default     = "wroom"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,10}$", var.project))
    error_message = "The project is 2 to 11 lower-case letters and digits."
  }
}

variable "environment" {
  description = "Which of them it is: dev, prod, ..."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{1,7}$", var.environment))
    error_message = "The environment is 2 to 8 lower-case letters and digits."
  }
}

variable "primary_region" {
  description = "The region that is active first."
  type        = string
  default     = "eu-west-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.primary_region))
    error_message = "That is no name of a region."
  }
}

variable "enable_failover" {
  description = "Whether a second region stands by. It is decided before the first order: a table that holds any can't become strongly consistent."
  type        = bool
  default     = false
  nullable    = false
}

variable "secondary_region" {
  description = "The region that stands by."
  type        = string
  default     = "eu-central-1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.secondary_region))
    error_message = "That is no name of a region."
  }
}

variable "witness_region" {
  description = "The third region, which helps the orders table decide by majority."
  type        = string
  default     = "eu-west-3"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.witness_region))
    error_message = "That is no name of a region."
  }
}

variable "failover_approvers" {
  description = "ARNs of the IAM users or roles who may approve a failover. One is needed where enable_failover is on."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for arn in var.failover_approvers : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(user|role)/", arn))])
    error_message = "Approvers are ARNs of IAM users or roles."
  }
}

variable "alarm_emails" {
  description = "Who is told of alarms. Each address gets a mail to confirm."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@ ]+@[^@ ]+$", address))])
    error_message = "That is no e-mail address."
  }
}

variable "network" {
  description = <<-EOT
    cidr_blocks: the VPC's range in the primary and in the secondary region, /16 each.
    zone_ids: availability zones by id, by region; a region that is not named takes its first three.
    in_every_zone: NAT gateways and interface endpoints in each zone (safe), or in one for all (cheap).
  EOT
  type = object({
    cidr_blocks   = list(string)
    zone_ids      = map(list(string))
    in_every_zone = bool
  })
  default = {
    cidr_blocks   = ["10.20.0.0/16", "10.21.0.0/16"]
    zone_ids      = {}
    in_every_zone = true
  }
  nullable = false

  validation {
    condition     = length(var.network.cidr_blocks) == 2 && length(distinct(var.network.cidr_blocks)) == 2
    error_message = "There are two ranges, and they differ."
  }
}

variable "domain" {
  description = <<-EOT
    A name of your own. name: what fans type (empty: CloudFront's own name). certificate_arn: its certificate in us-east-1.
    zone_id: its Route 53 zone (empty: you make the record). origin_certificate_arns: its certificate by region, for TLS between
    CloudFront and the load balancer too.
  EOT
  type = object({
    name                    = string
    certificate_arn         = string
    zone_id                 = string
    origin_certificate_arns = map(string)
  })
  default = {
    name                    = ""
    certificate_arn         = ""
    zone_id                 = ""
    origin_certificate_arns = {}
  }
  nullable = false

  validation {
    condition     = (var.domain.name == "") == (var.domain.certificate_arn == "")
    error_message = "A name needs a certificate, and a certificate a name."
  }
}

variable "price_class" {
  description = "From which of CloudFront's places fans are served: PriceClass_100 is Europe and North America."
  type        = string
  default     = "PriceClass_100"
  nullable    = false

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "CloudFront has PriceClass_100, PriceClass_200 and PriceClass_All."
  }
}

variable "enable_waf" {
  description = "Whether AWS WAF stands before the distribution. It is paid by the request, boards included."
  type        = bool
  default     = true
  nullable    = false
}

variable "rate_limits" {
  description = "What one address may do in five minutes. Hundreds of fans may share one (an office, a train, a mobile network), each asking every ten seconds; operators' sign-ins are few."
  type = object({
    requests_per_five_minutes = number
    joins_per_five_minutes    = number
    sign_ins_per_five_minutes = number
  })
  default = {
    requests_per_five_minutes = 20000
    joins_per_five_minutes    = 1000
    sign_ins_per_five_minutes = 30
  }
  nullable = false

  validation {
    condition = (
      var.rate_limits.requests_per_five_minutes >= 100 && var.rate_limits.joins_per_five_minutes >= 10 &&
      var.rate_limits.sign_ins_per_five_minutes >= 10
    )
    error_message = "AWS WAF counts from 10 on; below 100 requests a single fan is turned away."
  }
}

variable "cloudfront_requests_per_second" {
  description = "What the account's quota lets one distribution take, in requests a second: 250,000 until AWS has raised it. Applying warns of an event that asks for more."
  type        = number
  default     = 250000
  nullable    = false

  validation {
    condition     = var.cloudfront_requests_per_second > 0
    error_message = "The quota is a number of requests."
  }
}

variable "otlp_endpoint" {
  description = <<-EOT
    Where the services send traces by OTLP over HTTP (empty: nowhere): the address of a collector of yours among the services'
    subnets, by a name that leads to it in each region, such as http://collector.internal:4318.
  EOT
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.otlp_endpoint == "" || can(regex("^https?://[a-zA-Z0-9.-]+(:[0-9]{1,5})?(/[^ ]*)?$", var.otlp_endpoint))
    error_message = "The endpoint is an address such as http://collector.internal:4318."
  }
}

variable "architecture" {
  description = "What tasks run on: ARM64 is the cheaper."
  type        = string
  default     = "ARM64"
  nullable    = false

  validation {
    condition     = contains(["ARM64", "X86_64"], var.architecture)
    error_message = "The architecture is ARM64 or X86_64."
  }
}

variable "services" {
  description = "CPU units (1024 are one vCPU) and memory in MiB of a task, and fewest and most tasks, of waiting_room, checkout and fulfilment."
  type = map(object({
    cpu     = number
    memory  = number
    minimum = number
    maximum = number
  }))
  nullable = false

  validation {
    condition     = toset(keys(var.services)) == toset(["waiting_room", "checkout", "fulfilment"])
    error_message = "The services are waiting_room, checkout and fulfilment."
  }

  validation {
    condition     = alltrue([for service in values(var.services) : service.minimum >= 1 && service.maximum >= max(2, service.minimum)])
    error_message = "Each service has one task at least and can grow to two or more."
  }
}

variable "cache" {
  description = "Node type of the queue store, and its replicas (0 to 2)."
  type = object({
    node_type = string
    replicas  = number
  })
  nullable = false
}

variable "warm" {
  description = <<-EOT
    What is ready for a stampede. load_balancer_units: capacity units from three hours before each on-sale until its window closes
    (0: none; 500 are some 12,500 new connections a second). standby_load_balancer_units: the same in the region that stands by,
    for a failover in the middle of an on-sale: AWS may take hours to provide them, so the button can't.
    table_reads, table_writes: units a second of the orders table (0: AWS's own, 12,000 and 4,000).
  EOT
  type = object({
    load_balancer_units         = number
    standby_load_balancer_units = number
    table_reads                 = number
    table_writes                = number
  })
  default = {
    load_balancer_units         = 0
    standby_load_balancer_units = 0
    table_reads                 = 0
    table_writes                = 0
  }
  nullable = false

  validation {
    condition     = (var.warm.table_reads == 0) == (var.warm.table_writes == 0)
    error_message = "Warm reads and writes are given together."
  }
}

variable "use_spot" {
  description = "Whether tasks run on spare capacity: for development."
  type        = bool
  default     = false
  nullable    = false
}

variable "protect" {
  description = "Whether tables and load balancer are protected from deletion, and secrets can be got back for 30 days. Switch it off and apply before you destroy."
  type        = bool
  default     = false
  nullable    = false
}

variable "log_retention_days" {
  description = "How long logs are kept, in days."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731], var.log_retention_days)
    error_message = "CloudWatch Logs does not offer that retention."
  }
}

variable "settings_prefix" {
  description = "What the names of the settings' parameters begin with. Two environments of one account and region need two."
  type        = string
  default     = "/waiting-room"
  nullable    = false

  validation {
    condition     = can(regex("^/[a-zA-Z0-9_.-]+$", var.settings_prefix))
    error_message = "The prefix is a slash and one word."
  }
}

