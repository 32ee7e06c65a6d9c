variable "name" {
  description = "What the names of all resources begin with."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The primary region: where the site's files are, and where fans are sent until a failover."
  type        = string
  nullable    = false
}

variable "load_balancers" {
  description = "The private load balancer of each region, the primary among them."
  type = map(object({
    arn      = string
    dns_name = string
    tls      = bool
  }))
  nullable = false
}

variable "has_second_region" {
  description = "Whether a function chooses the region at each request."
  type        = bool
  nullable    = false
}

variable "site_dir" {
  description = "The site's files."
  type        = string
  nullable    = false
}

variable "domain" {
  description = "A name of your own: its certificate in us-east-1 and its Route 53 zone. Empty name: CloudFront's own."
  type = object({
    name            = string
    certificate_arn = string
    zone_id         = string
  })
  nullable = false
}

variable "web_acl_arn" {
  description = "The firewall in front of it. Empty: none."
  type        = string
  nullable    = false
}

variable "price_class" {
  description = "From which of CloudFront's places fans are served."
  type        = string
  nullable    = false
}
