# An event for the tests, which has not been yet: windows of events that are over are left out.

events = {
  aurora-live = {
    name                      = "Aurora, live at the Arena"
    venue                     = "Arena, Porto"
    starts_at                 = "2099-06-12T20:00:00Z"
    opens_at                  = "2099-03-01T09:30:00Z"
    on_sale_at                = "2099-03-01T10:00:00Z"
    closes_at                 = "2099-03-02T10:00:00Z"
    admission_rate_per_minute = 12000
    checkout_url              = "https://shop.example/"
    expected_fans             = 400000
    offers = [
      { id = "standing", name = "Standing", price_cents = 4500, currency = "EUR", stock = 5000, max_per_order = 4 },
      { id = "balcony", name = "Balcony box", price_cents = 11000, currency = "EUR", stock = 40, max_per_order = 2 },
    ]
  }
}

# What it asks for is more than an account has at first.
cloudfront_requests_per_second = 300000
