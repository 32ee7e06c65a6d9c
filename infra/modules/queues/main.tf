# As `create_queues` of checkout makes them for one machine: the visibility timeout is longer than fulfilment's patience, and the
# program reads it, and the number of receives, from here.

locals {
  queues = {
    orders         = { name = "${var.name}-orders", visibility = 30, retention = 345600 }
    dead_letters   = { name = "${var.name}-orders-dead", visibility = 30, retention = 1209600 }
    ended_sessions = { name = "${var.name}-ended-sessions", visibility = 30, retention = 86400 }
  }
}

# Encrypted by SQS's own keys: a message holds ids, nobody's name, and a key of ours would be asked at each order.
resource "aws_sqs_queue" "this" {
  for_each = local.queues

  region                     = var.region
  name                       = each.value.name
  visibility_timeout_seconds = each.value.visibility
  message_retention_seconds  = each.value.retention
  sqs_managed_sse_enabled    = true
}

resource "aws_sqs_queue_redrive_policy" "orders" {
  region    = var.region
  queue_url = aws_sqs_queue.this["orders"].id
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.this["dead_letters"].arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue_redrive_allow_policy" "dead_letters" {
  region    = var.region
  queue_url = aws_sqs_queue.this["dead_letters"].id
  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [aws_sqs_queue.this["orders"].arn]
  })
}

resource "aws_sqs_queue_policy" "encrypted_only" {
  for_each = local.queues

  region    = var.region
  queue_url = aws_sqs_queue.this[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Deny"
      Principal = "*"
      Action    = "sqs:*"
      Resource  = aws_sqs_queue.this[each.key].arn
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })
}
