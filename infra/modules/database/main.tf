# Orders, stock, ended sessions and, with a second region, the control item that says which region is active: one table with
# multi-Region strong consistency, so that no unit is sold twice and no two regions admit. The audit log: another one, so that
# the last entries before a region is lost are not lost with it. The events: an ordinary global table.

locals {
  failover = var.replica_region != ""
  regions  = local.failover ? [var.region, var.replica_region] : [var.region]
}

resource "aws_dynamodb_table" "orders" {
  #checkov:skip=CKV_AWS_119:AWS's key: one of ours would be one more thing that has to work in both regions for an order to be taken
  region                      = var.region
  name                        = "${var.name}-orders"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  deletion_protection_enabled = var.protect

  # Replication travels by the stream; nothing of ours reads it.
  stream_enabled   = local.failover
  stream_view_type = local.failover ? "NEW_AND_OLD_IMAGES" : null

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sweep"
    type = "S"
  }

  attribute {
    name = "sweep_at"
    type = "S"
  }

  global_secondary_index {
    name               = "sweep-index"
    hash_key           = "sweep"
    range_key          = "sweep_at"
    projection_type    = "INCLUDE"
    non_key_attributes = ["event", "ticket"]
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }

  dynamic "warm_throughput" {
    for_each = var.warm_units.write > 0 ? [var.warm_units] : []

    content {
      read_units_per_second  = warm_throughput.value.read
      write_units_per_second = warm_throughput.value.write
    }
  }

  dynamic "replica" {
    for_each = local.failover ? [var.replica_region] : []

    content {
      region_name                 = replica.value
      consistency_mode            = "STRONG"
      deletion_protection_enabled = var.protect
      point_in_time_recovery      = true
      propagate_tags              = true
    }
  }

  dynamic "global_table_witness" {
    for_each = local.failover ? [var.witness_region] : []

    content {
      region_name = global_table_witness.value
    }
  }
}

# What operators changed, and who it was: an entry an item, written once. The key is ours, so that reading the log wants more
# than a right to the table; nothing that fans do waits for it.
resource "aws_dynamodb_table" "audit" {
  region                      = var.region
  name                        = "${var.name}-audit"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "pk"
  range_key                   = "sk"
  deletion_protection_enabled = var.protect
  stream_enabled              = local.failover
  stream_view_type            = local.failover ? "NEW_AND_OLD_IMAGES" : null

  attribute {
    name = "pk"
    type = "S"
  }

  attribute {
    name = "sk"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled     = true
    kms_key_arn = var.keys[var.region]
  }

  dynamic "replica" {
    for_each = local.failover ? [var.replica_region] : []

    content {
      region_name                 = replica.value
      consistency_mode            = "STRONG"
      kms_key_arn                 = var.keys[replica.value]
      deletion_protection_enabled = var.protect
      point_in_time_recovery      = true
      propagate_tags              = true
    }
  }

  dynamic "global_table_witness" {
    for_each = local.failover ? [var.witness_region] : []

    content {
      region_name = global_table_witness.value
    }
  }
}

resource "aws_dynamodb_table" "events" {
  #checkov:skip=CKV_AWS_119:what is on sale is public
  region                      = var.region
  name                        = "${var.name}-events"
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "event"
  deletion_protection_enabled = var.protect
  stream_enabled              = local.failover
  stream_view_type            = local.failover ? "NEW_AND_OLD_IMAGES" : null

  attribute {
    name = "event"
    type = "S"
  }

  point_in_time_recovery {
    enabled = true
  }

  server_side_encryption {
    enabled = true
  }

  dynamic "replica" {
    for_each = local.failover ? [var.replica_region] : []

    content {
      region_name                 = replica.value
      deletion_protection_enabled = var.protect
      point_in_time_recovery      = true
      propagate_tags              = true
    }
  }
}

# As `waiting-room load-events` writes them.
resource "aws_dynamodb_table_item" "event" {
  for_each = var.events

  region     = var.region
  table_name = aws_dynamodb_table.events.name
  hash_key   = aws_dynamodb_table.events.hash_key
  item = jsonencode(merge(
    {
      event                     = { S = each.key }
      position                  = { N = tostring(each.value.position) }
      name                      = { S = each.value.name }
      opens_at                  = { S = each.value.opens_at }
      on_sale_at                = { S = each.value.on_sale_at }
      admission_rate_per_minute = { N = tostring(each.value.admission_rate_per_minute) }
      max_active_sessions       = { N = tostring(each.value.max_active_sessions) }
      session_seconds           = { N = tostring(each.value.session_seconds) }
      call_window_seconds       = { N = tostring(each.value.call_window_seconds) }
      offer = { L = [
        for offer in each.value.offers : { M = {
          id            = { S = offer.id }
          name          = { S = offer.name }
          price_cents   = { N = tostring(offer.price_cents) }
          currency      = { S = offer.currency }
          stock         = { N = tostring(offer.stock) }
          max_per_order = { N = tostring(offer.max_per_order) }
        } }
      ] }
    },
    {
      for name in ["venue", "starts_at", "closes_at", "checkout_url"] : name => { S = each.value[name] }
      if each.value[name] != ""
    },
  ))
}

# Which region is active, since which epoch, and how much of the operator's rate it may admit. From the first failover on it
# belongs to the button.
resource "aws_dynamodb_table_item" "control" {
  count = local.failover ? 1 : 0

  region     = var.region
  table_name = aws_dynamodb_table.orders.name
  hash_key   = aws_dynamodb_table.orders.hash_key
  item = jsonencode({
    pk                = { S = "control#region" }
    active            = { S = var.region }
    epoch             = { N = "1" }
    admission_percent = { N = "100" }
  })

  lifecycle {
    ignore_changes = [item]
  }
}
