# Three zones and three tasks of each service at least; each zone can be lost and nothing is noticed.

environment        = "prod"
log_retention_days = 90

services = {
  waiting_room = { cpu = 1024, memory = 2048, minimum = 3, maximum = 60 }
  checkout     = { cpu = 512, memory = 1024, minimum = 3, maximum = 30 }
  fulfilment   = { cpu = 512, memory = 1024, minimum = 3, maximum = 30 }
}

cache = {
  node_type = "cache.r7g.large"
  replicas  = 2
}

warm = {
  load_balancer_units         = 500
  standby_load_balancer_units = 500
  table_reads                 = 24000
  table_writes                = 8000
}

# Ask AWS for it some weeks before: an account has 250,000, and 400,000 fans ask 266,667 times a second as the on-sale begins.
cloudfront_requests_per_second = 300000

events = {
  aurora-live = {
    name          = "Aurora, live at the Arena"
    venue         = "Arena, Porto"
    starts_at     = "2027-06-12T20:00:00Z"
    opens_at      = "2027-03-01T09:30:00Z"
    on_sale_at    = "2027-03-01T10:00:00Z"
    closes_at     = "2027-03-02T10:00:00Z"
    expected_fans = 400000
    offers = [
      { id = "standing", name = "Standing", price_cents = 4500, currency = "EUR", stock = 5000, max_per_order = 4 },
      { id = "seated", name = "Seated, east stand", price_cents = 6200, currency = "EUR", stock = 1800, max_per_order = 4 },
      { id = "balcony", name = "Balcony box", price_cents = 11000, currency = "EUR", stock = 40, max_per_order = 2 },
    ]
  }
}
