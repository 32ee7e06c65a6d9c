variable "name" {
  description = "What the names of the tables begin with."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The primary region."
  type        = string
  nullable    = false
}

variable "replica_region" {
  description = "The region that holds a copy of each table. Empty: none does."
  type        = string
  nullable    = false
}

variable "witness_region" {
  description = "The third region that strongly consistent tables need to decide by majority; it holds no copy."
  type        = string
  nullable    = false
}

variable "keys" {
  description = "KMS key of each region that holds a copy, for the audit log."
  type        = map(string)
  nullable    = false
}

variable "events" {
  description = "The events by id, with the events file's own names."
  type = map(object({
    position                  = number
    name                      = string
    venue                     = string
    starts_at                 = string
    opens_at                  = string
    on_sale_at                = string
    closes_at                 = string
    admission_rate_per_minute = number
    max_active_sessions       = number
    session_seconds           = number
    call_window_seconds       = number
    checkout_url              = string
    offers = list(object({
      id            = string
      name          = string
      price_cents   = number
      currency      = string
      stock         = number
      max_per_order = number
    }))
  }))
  nullable = false
}

variable "warm_units" {
  description = "Read and write units a second that the orders table is ready for at once; 0 leaves it at what AWS gives."
  type = object({
    read  = number
    write = number
  })
  nullable = false
}

variable "protect" {
  description = "Whether the tables can't be deleted before this is switched off."
  type        = bool
  nullable    = false
}
