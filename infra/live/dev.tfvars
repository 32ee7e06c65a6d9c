# Small and cheap: one task of each service on spare capacity, one NAT gateway and endpoints in one zone, no replica of the cache, no firewall.

environment        = "dev"
use_spot           = true
enable_waf         = false
log_retention_days = 7

network = {
  cidr_blocks   = ["10.20.0.0/16", "10.21.0.0/16"]
  zone_ids      = {}
  in_every_zone = false
}

services = {
  waiting_room = { cpu = 256, memory = 512, minimum = 1, maximum = 2 }
  checkout     = { cpu = 256, memory = 512, minimum = 1, maximum = 2 }
  fulfilment   = { cpu = 256, memory = 512, minimum = 1, maximum = 2 }
}

cache = {
  node_type = "cache.t4g.micro"
  replicas  = 0
}

events = {
  aurora-live = {
    name          = "Aurora, live at the Arena"
    venue         = "Arena, Porto"
    starts_at     = "2027-06-12T20:00:00Z"
    on_sale_at    = "2027-03-01T10:00:00Z"
    expected_fans = 1000
    offers = [
      { id = "standing", name = "Standing", price_cents = 4500, currency = "EUR", stock = 5000, max_per_order = 4 },
      { id = "seated", name = "Seated, east stand", price_cents = 6200, currency = "EUR", stock = 1800, max_per_order = 4 },
      { id = "balcony", name = "Balcony box", price_cents = 11000, currency = "EUR", stock = 40, max_per_order = 2 },
    ]
  }
}
