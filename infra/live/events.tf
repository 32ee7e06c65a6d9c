variable "events" {
  description = <<-EOT
    What is on sale, by id. As in the events file of the README, with these besides: expected_fans, how many will come, from which
    the tasks are counted that stand ready; ready_minutes_before and ready_hours_after, around on_sale_at, how long they do.
  EOT
  type = map(object({
    name                      = string
    venue                     = optional(string, "")
    starts_at                 = optional(string, "")
    opens_at                  = optional(string, "")
    on_sale_at                = string
    closes_at                 = optional(string, "")
    admission_rate_per_minute = optional(number, 600)
    max_active_sessions       = optional(number, 2000)
    session_seconds           = optional(number, 600)
    call_window_seconds       = optional(number, 120)
    checkout_url              = optional(string, "")
    expected_fans             = number
    ready_minutes_before      = optional(number, 30)
    ready_hours_after         = optional(number, 4)
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

  validation {
    condition     = length(var.events) > 0
    error_message = "The services do not start without an event."
  }

  validation {
    condition     = alltrue([for id in keys(var.events) : can(regex("^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$", id))])
    error_message = "An event's id is a slug: lower-case letters, digits and inner hyphens, at most 64."
  }

  validation {
    condition = alltrue(flatten([
      for event in values(var.events) : [
        for time in [event.starts_at, event.opens_at, event.on_sale_at, event.closes_at] : time == "" || can(formatdate("YYYY", time))
      ]
    ]))
    error_message = "Times are RFC 3339, such as 2027-05-01T10:00:00Z."
  }

  validation {
    condition = alltrue([
      for event in values(var.events) :
      event.admission_rate_per_minute >= 1 && event.admission_rate_per_minute <= 1000000 &&
      event.max_active_sessions >= 1 && event.max_active_sessions <= 1000000 &&
      event.session_seconds >= 30 && event.session_seconds <= 86400 &&
      event.call_window_seconds >= 5 && event.call_window_seconds <= 3600 &&
      event.expected_fans >= 1
    ])
    error_message = "Rate and sessions are 1 to 1,000,000, session_seconds 30 to 86,400, call_window_seconds 5 to 3,600, expected_fans 1 or more."
  }

  validation {
    condition = alltrue(flatten([
      for event in values(var.events) : [
        length(event.offers) >= 1, length(event.offers) <= 50,
        length(distinct([for offer in event.offers : offer.id])) == length(event.offers),
        length(distinct([for offer in event.offers : offer.currency])) == 1,
        [for offer in event.offers : can(regex("^[A-Z]{3}$", offer.currency)) && offer.max_per_order >= 1 && offer.stock >= 0],
      ]
    ]))
    error_message = "An event has 1 to 50 offers with different ids, all in one currency of three upper-case letters."
  }
}

locals {
  # In the order of going on sale.
  event_order = [for key in sort([for id, event in var.events : "${event.on_sale_at} ${id}"]) : split(" ", key)[1]]

  events = {
    for id, event in var.events : id => merge(event, {
      position = index(local.event_order, id)
      opens_at = event.opens_at == "" ? event.on_sale_at : event.opens_at
    })
  }
}
