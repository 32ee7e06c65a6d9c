# Each alarm is something that somebody should do something about; what scaling answers by itself is on the dashboard.

locals {
  balancer = { LoadBalancer = var.load_balancer.suffix }

  alarms = merge(
    {
      answers-5xx = {
        says      = "Services answer with errors", namespace = "AWS/ApplicationELB", metric = "HTTPCode_Target_5XX_Count"
        statistic = "Sum", dimensions = local.balancer, above = 50, minutes = 3
      }
      balancer-5xx = {
        says      = "Requests find no service to answer them"
        namespace = "AWS/ApplicationELB", metric = "HTTPCode_ELB_5XX_Count"
        statistic = "Sum", dimensions = local.balancer, above = 50, minutes = 3
      }
      checkout-slow = {
        says       = "Checkout is slow although tasks were added", namespace = "AWS/ApplicationELB", metric = "TargetResponseTime"
        statistic  = "p95"
        dimensions = merge(local.balancer, { TargetGroup = var.load_balancer.target_groups.checkout })
        above      = var.limits.checkout_p95_seconds * 2, minutes = 10
      }
      dead-letters = {
        says      = "Orders could not be settled; look at them in the console", namespace = "AWS/SQS"
        metric    = "ApproximateNumberOfMessagesVisible"
        statistic = "Maximum", dimensions = { QueueName = var.queues.dead_letters }, above = 0, minutes = 1
      }
      orders-wait = {
        says      = "Orders wait although tasks were added"
        namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage"
        statistic = "Maximum", dimensions = { QueueName = var.queues.orders }, above = var.limits.oldest_order_seconds * 4, minutes = 5
      }
      sessions-wait = {
        says      = "Sessions that are over keep their slots: the waiting room does not read their queue"
        namespace = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage"
        statistic = "Maximum", dimensions = { QueueName = var.queues.ended_sessions }, above = 120, minutes = 5
      }
      operator-api-5xx = {
        says      = "The operator API does not reach the services", namespace = "AWS/ApiGateway", metric = "5xx"
        statistic = "Sum", dimensions = { ApiId = var.operator_api_id }, above = 2, minutes = 5
      }
      errors-logged = {
        says      = "A service logs errors", namespace = local.log_namespace, metric = "Errors"
        statistic = "Sum", dimensions = {}, above = 20, minutes = 5
      }
      audit-log = {
        says      = "The audit log can't be written: what operators change is done, and its entries are held until it can"
        namespace = local.log_namespace, metric = "AuditFailures"
        statistic = "Sum", dimensions = {}, above = 0, minutes = 1
      }
    },
    { for name, group in var.load_balancer.target_groups : "unhealthy-${replace(name, "_", "-")}" => {
      says      = "Tasks of ${name} don't answer"
      namespace = "AWS/ApplicationELB", metric = "UnHealthyHostCount"
      statistic = "Maximum", dimensions = merge(local.balancer, { TargetGroup = group }), above = 0, minutes = 5
    } },
    { for number, node in var.cache_nodes : "cache-${number}-cpu" => {
      says      = "The queue store's one thread is busy: it is the limit of all queues together"
      namespace = "AWS/ElastiCache", metric = "EngineCPUUtilization"
      statistic = "Average", dimensions = { CacheClusterId = node }, above = 70, minutes = 3
    } },
    { for number, node in var.cache_nodes : "cache-${number}-memory" => {
      says      = "The queue store is filling up; nothing is evicted, so joins will be refused"
      namespace = "AWS/ElastiCache", metric = "DatabaseMemoryUsagePercentage"
      statistic = "Maximum", dimensions = { CacheClusterId = node }, above = 75, minutes = 3
    } },
    { for name, table in var.tables : "table-${name}-throttled" => {
      says      = "The table ${name} turns requests away"
      namespace = "AWS/DynamoDB", metric = "ThrottledRequests"
      statistic = "Sum", dimensions = { TableName = table }, above = 10, minutes = 3
    } },
  )

  # A canary that is silent has not seen that all is well.
  canary_alarms = {
    site-down        = { says = "The site does not answer", metric = "SiteUp", minutes = 3 }
    region-not-ready = { says = "The services of this region are not ready", metric = "RegionReady", minutes = 3 }
  }
}

resource "aws_sns_topic" "alarms" {
  region            = var.region
  name              = "${var.name}-alarms"
  kms_master_key_id = var.key_arn
}

resource "aws_sns_topic_subscription" "email" {
  for_each = toset(var.alarm_emails)

  region    = var.region
  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.key
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  region              = var.region
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.says
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = startswith(each.value.statistic, "p") ? null : each.value.statistic
  extended_statistic  = startswith(each.value.statistic, "p") ? each.value.statistic : null
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.above
  period              = 60
  evaluation_periods  = each.value.minutes
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "canary" {
  for_each = local.canary_alarms

  region              = var.region
  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = each.value.says
  namespace           = var.canary_namespace
  metric_name         = each.value.metric
  statistic           = "Minimum"
  comparison_operator = "LessThanThreshold"
  threshold           = 1
  period              = 60
  evaluation_periods  = each.value.minutes
  treat_missing_data  = "breaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# When both sound it is time to think of the button: fans get nothing, and the other region has left no sign for 90 s. The
# heartbeat comes once a minute, so one that is older has been missed.
resource "aws_cloudwatch_metric_alarm" "peer_silent" {
  count = var.has_peer ? 1 : 0

  region              = var.region
  alarm_name          = "${var.name}-peer-silent"
  alarm_description   = "The other region has left no heartbeat for 90 seconds"
  namespace           = var.canary_namespace
  metric_name         = "PeerHeartbeatAgeSeconds"
  statistic           = "Maximum"
  comparison_operator = "GreaterThanThreshold"
  threshold           = 90
  period              = 60
  evaluation_periods  = 2
  treat_missing_data  = "notBreaching"
}

resource "aws_cloudwatch_composite_alarm" "fail_over" {
  count = var.has_peer ? 1 : 0

  region            = var.region
  alarm_name        = "${var.name}-fail-over"
  alarm_description = "The site is down and the other region silent: run the document ${var.name}-failover in ${var.region}, unless you know better"
  alarm_actions     = [aws_sns_topic.alarms.arn]
  alarm_rule = join(" AND ", [
    "ALARM(\"${aws_cloudwatch_metric_alarm.canary["site-down"].alarm_name}\")",
    "ALARM(\"${aws_cloudwatch_metric_alarm.peer_silent[0].alarm_name}\")",
  ])
}
