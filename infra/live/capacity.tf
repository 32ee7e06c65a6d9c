# How many tasks, and by which figure they are counted. docs/report.md explains; infra/tests/test_documents.py compares this, the
# report and docs/benchmark.md.

locals {
  # What a request costs the waiting room's process: `CPU µs` in docs/benchmark.md, with a million tickets in Redis; joins on 256
  # connections.
  cpu_microseconds = { poll = 24.6, join = 33.7 }

  # What a vCPU of Fargate is taken to do of what was measured: half for the slower processor, half for connections that are not
  # kept and for logs.
  vcpu_share = 0.25

  benchmark = {
    # What one vCPU of waiting-room does a second at full load.
    waiting_room_requests_per_second = floor(1000000 / local.cpu_microseconds.poll * local.vcpu_share)
    waiting_room_joins_per_second    = floor(1000000 / local.cpu_microseconds.join * local.vcpu_share)
    # Estimates, not measured with DynamoDB itself: orders that one vCPU of checkout places a second, and that one task of
    # fulfilment settles, which waits for the table and not for the CPU.
    checkout_orders_per_second   = 300
    fulfilment_orders_per_second = 40
  }

  # Half of full load: what is left takes the load of a zone that is lost (a third more) and what comes while tasks start.
  aim = 0.5

  # The stampede: this share of all fans comes within the minute after on_sale_at.
  first_minute_share = 0.4
  # The longest that an order should wait behind others.
  settled_within_seconds = 5

  assumed = { aim = local.aim, first_minute_share = local.first_minute_share, settled_within_seconds = local.settled_within_seconds }

  # How often a page asks for the board at the fastest: `min_ms` in waiting-room/core/src/poll.rs. In the last 15 seconds before an
  # on-sale, each page that waits for it does.
  fastest_poll_seconds = 1.5
  # What CloudFront is asked a second then, if all fans are early; events that go on sale at once share the distribution.
  peak_requests = {
    for id, event in var.events : id => ceil(
      sum([for other in values(var.events) : other.expected_fans if other.on_sale_at == event.on_sale_at]) / local.fastest_poll_seconds
    )
  }

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

check "cloudfront_quota" {
  assert {
    condition     = alltrue([for requests in values(local.peak_requests) : requests <= var.cloudfront_requests_per_second])
    error_message = "As an on-sale begins, CloudFront is asked ${max(values(local.peak_requests)...)} times a second; the quota is ${var.cloudfront_requests_per_second}. Ask AWS for more, then set cloudfront_requests_per_second."
  }
}
