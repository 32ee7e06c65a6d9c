locals {
  # Room for what on-sale windows want.
  maximum = max(var.tasks.maximum, [for window in var.windows : window.minimum]...)
}

resource "aws_appautoscaling_target" "this" {
  region             = var.region
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${var.cluster.name}/${aws_ecs_service.this.name}"
  min_capacity       = var.tasks.minimum
  max_capacity       = local.maximum

  lifecycle {
    # An apply in the middle of an on-sale, or after a failover, must not take tasks away.
    ignore_changes = [min_capacity]
  }
}

resource "aws_appautoscaling_policy" "tracking" {
  region             = var.region
  name               = var.tracking.metric
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = var.tracking.target
    scale_out_cooldown = 30
    scale_in_cooldown  = 300

    dynamic "predefined_metric_specification" {
      for_each = var.tracking.metric == "requests" ? [var.tracking.resource_label] : []

      content {
        predefined_metric_type = "ALBRequestCountPerTarget"
        resource_label         = predefined_metric_specification.value
      }
    }

    dynamic "predefined_metric_specification" {
      for_each = var.tracking.metric == "cpu" ? ["cpu"] : []

      content {
        predefined_metric_type = "ECSServiceAverageCPUUtilization"
      }
    }

    dynamic "customized_metric_specification" {
      for_each = var.tracking.metric == "backlog" ? [var.tracking.queue_name] : []

      content {
        metrics {
          id          = "backlog"
          label       = "Messages a task"
          expression  = "(visible + in_hand) / IF(tasks > 0, tasks, 1)"
          return_data = true
        }

        dynamic "metrics" {
          for_each = {
            visible = "ApproximateNumberOfMessagesVisible"
            in_hand = "ApproximateNumberOfMessagesNotVisible"
          }

          content {
            id          = metrics.key
            return_data = false

            metric_stat {
              stat = "Average"

              metric {
                namespace   = "AWS/SQS"
                metric_name = metrics.value

                dimensions {
                  name  = "QueueName"
                  value = customized_metric_specification.value
                }
              }
            }
          }
        }

        metrics {
          id          = "tasks"
          return_data = false

          metric_stat {
            stat = "Average"

            metric {
              namespace   = "ECS/ContainerInsights"
              metric_name = "RunningTaskCount"

              dimensions {
                name  = "ClusterName"
                value = var.cluster.name
              }

              dimensions {
                name  = "ServiceName"
                value = aws_ecs_service.this.name
              }
            }
          }
        }
      }
    }
  }
}

resource "aws_appautoscaling_policy" "step" {
  count = length(var.step)

  region             = var.region
  name               = "step"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id

  step_scaling_policy_configuration {
    adjustment_type          = "PercentChangeInCapacity"
    min_adjustment_magnitude = 1
    metric_aggregation_type  = "Average"
    cooldown                 = 60

    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = var.step[0].add_percent
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "step" {
  count = length(var.step)

  region              = var.region
  alarm_name          = "${var.prefix}-${var.name}-adds-tasks"
  alarm_description   = "Adds tasks of ${var.name}: ${var.step[0].metric} above ${var.step[0].threshold}"
  namespace           = var.step[0].namespace
  metric_name         = var.step[0].metric
  dimensions          = var.step[0].dimensions
  statistic           = startswith(var.step[0].statistic, "p") ? null : var.step[0].statistic
  extended_statistic  = startswith(var.step[0].statistic, "p") ? var.step[0].statistic : null
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.step[0].threshold
  period              = 60
  evaluation_periods  = var.step[0].minutes
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.step[0].arn]
}

# Tracking takes four to five minutes to answer a stampede; tasks have to be there before it. Windows that are over are left out.
resource "aws_appautoscaling_scheduled_action" "raise" {
  for_each = { for event, window in var.windows : event => window if timecmp(window.from, plantimestamp()) > 0 }

  region             = var.region
  name               = "${var.prefix}-${var.name}-${each.key}-raise"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id
  schedule           = "at(${formatdate("YYYY-MM-DD'T'hh:mm:ss", each.value.from)})"

  scalable_target_action {
    min_capacity = max(each.value.minimum, var.tasks.minimum)
    max_capacity = local.maximum
  }
}

resource "aws_appautoscaling_scheduled_action" "lower" {
  for_each = { for event, window in var.windows : event => window if timecmp(window.until, plantimestamp()) > 0 }

  region             = var.region
  name               = "${var.prefix}-${var.name}-${each.key}-lower"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension
  resource_id        = aws_appautoscaling_target.this.resource_id
  schedule           = "at(${formatdate("YYYY-MM-DD'T'hh:mm:ss", each.value.until)})"

  scalable_target_action {
    min_capacity = var.tasks.minimum
    max_capacity = local.maximum
  }
}
