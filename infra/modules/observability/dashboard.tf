locals {
  insights = "ECS/ContainerInsights"
  service_dimensions = {
    for key, service in var.services : key => ["ClusterName", var.cluster_name, "ServiceName", service.name]
  }
  groups = var.load_balancer.target_groups

  charts = [
    {
      title = "Requests a minute and target"
      stat  = "Sum"
      metrics = [for key, group in local.groups : [
        "AWS/ApplicationELB", "RequestCountPerTarget", "LoadBalancer", var.load_balancer.suffix, "TargetGroup", group, { label = key }
      ]]
    },
    {
      title = "Latency, p95, seconds"
      stat  = "p95"
      metrics = [for key, group in local.groups : [
        "AWS/ApplicationELB", "TargetResponseTime", "LoadBalancer", var.load_balancer.suffix, "TargetGroup", group, { label = key }
      ]]
    },
    {
      title = "Errors a minute"
      stat  = "Sum"
      metrics = [
        ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "LoadBalancer", var.load_balancer.suffix],
        ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", var.load_balancer.suffix],
        [local.log_namespace, "Errors"],
        [local.log_namespace, "AuditFailures"],
      ]
    },
    {
      title   = "Tasks"
      stat    = "Average"
      metrics = [for key, dimensions in local.service_dimensions : concat([local.insights, "RunningTaskCount"], dimensions)]
    },
    {
      title   = "CPU of the services, percent"
      stat    = "Average"
      metrics = [for key, dimensions in local.service_dimensions : concat(["AWS/ECS", "CPUUtilization"], dimensions)]
    },
    {
      title   = "Memory of the services, percent"
      stat    = "Average"
      metrics = [for key, dimensions in local.service_dimensions : concat(["AWS/ECS", "MemoryUtilization"], dimensions)]
    },
    {
      title   = "Messages"
      stat    = "Maximum"
      metrics = [for key, queue in var.queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue]]
    },
    {
      title   = "Oldest message, seconds"
      stat    = "Maximum"
      metrics = [for key, queue in var.queues : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue]]
    },
    {
      title = "Queue store: CPU of the engine and memory, percent"
      stat  = "Maximum"
      metrics = [for pair in setproduct(["EngineCPUUtilization", "DatabaseMemoryUsagePercentage"], var.cache_nodes) :
        ["AWS/ElastiCache", pair[0], "CacheClusterId", pair[1]]
      ]
    },
    {
      title = "Orders table: units used a minute, requests turned away"
      stat  = "Sum"
      metrics = [
        ["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", var.tables.orders],
        ["AWS/DynamoDB", "ConsumedReadCapacityUnits", "TableName", var.tables.orders],
        ["AWS/DynamoDB", "ThrottledRequests", "TableName", var.tables.orders],
      ]
    },
    {
      title = "Canary"
      stat  = "Minimum"
      metrics = [
        [var.canary_namespace, "SiteUp"],
        [var.canary_namespace, "RegionReady"],
      ]
    },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  region         = var.region
  dashboard_name = "${var.name}-${var.region}"
  dashboard_body = jsonencode({
    widgets = concat(
      [{
        type       = "alarm"
        x          = 0
        y          = 0
        width      = 24
        height     = 3
        properties = { title = "Alarms", alarms = [for alarm in aws_cloudwatch_metric_alarm.this : alarm.arn] }
      }],
      [
        for number, chart in local.charts : {
          type   = "metric"
          x      = (number % 3) * 8
          y      = 3 + floor(number / 3) * 6
          width  = 8
          height = 6
          properties = {
            title   = chart.title
            region  = var.region
            stat    = chart.stat
            period  = 60
            view    = "timeSeries"
            metrics = chart.metrics
          }
        }
      ],
    )
  })
}
