# How many tasks, and by which figure they are counted. All that is measured stands here, and nowhere else.

locals {
  # Measured with `make bench` on one core; see the report.
  benchmark = {
    # Status polls that one vCPU of waiting-room answers a second at full load.
    waiting_room_requests_per_second = 8000
    # Joins that one vCPU of waiting-room takes a second at full load.
    waiting_room_joins_per_second = 2500
    # Orders that one vCPU of checkout places a second at full load.
    checkout_orders_per_second = 300
    # Orders that one task of fulfilment settles a second; it waits for the table, not for the CPU.
    fulfilment_orders_per_second = 40
  }

  # Half of full load: what is left takes the load of a zone that is lost (a third more) and what comes while tasks start.
  aim = 0.5

  # The stampede: this share of all fans comes within the minute after on_sale_at.
  first_minute_share = 0.4
  # The longest that an order should wait behind others.
  settled_within_seconds = 5

  vcpus = { for name, service in var.services : name => service.cpu / 1024 }

  targets = {
    # Requests a minute and target.
    waiting_room = floor(local.benchmark.waiting_room_requests_per_second * local.vcpus.waiting_room * 60 * local.aim)
    # Percent of the CPU.
    checkout = 55
    # Messages a task.
    fulfilment = local.benchmark.fulfilment_orders_per_second * local.settled_within_seconds
  }

  # Tasks that stand ready around an on-sale.
  ready = {
    for id, event in var.events : id => {
      waiting_room = ceil(event.expected_fans * local.first_minute_share / 60 /
      (local.benchmark.waiting_room_joins_per_second * local.vcpus.waiting_room * local.aim))
      checkout = ceil(event.admission_rate_per_minute / 60 /
      (local.benchmark.checkout_orders_per_second * local.vcpus.checkout * local.aim))
      fulfilment = ceil(event.admission_rate_per_minute / 60 / (local.benchmark.fulfilment_orders_per_second * local.aim))
    }
  }

  windows = {
    for service in keys(var.services) : service => {
      for id, event in var.events : id => {
        from    = timeadd(event.on_sale_at, "-${event.ready_minutes_before}m")
        until   = timeadd(event.on_sale_at, "${event.ready_hours_after}h")
        minimum = max(local.ready[id][service], var.services[service].minimum)
      }
    }
  }

  services = {
    for name, service in var.services : name => merge(service, {
      target  = local.targets[name]
      windows = local.windows[name]
    })
  }
}
