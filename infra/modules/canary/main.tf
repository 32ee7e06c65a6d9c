locals {
  namespace = "${var.name}/canary"
}

module "function" {
  source = "../function"

  name               = "${var.name}-canary"
  description        = "Looks at the site and at this region once a minute"
  region             = var.region
  source_file        = "${path.module}/canary.py"
  timeout_seconds    = 30
  log_key_arn        = var.log_key_arn
  log_retention_days = var.log_retention_days

  environment = merge(
    { SITE = var.site_url, OPERATOR_API = var.operator_api.url, NAMESPACE = local.namespace },
    { for name, value in { PEER = var.peer_region, TABLE = var.orders_table.name } : name => value if var.has_peer },
  )

  statements = concat(
    [
      { Effect = "Allow", Action = ["execute-api:Invoke"], Resource = [var.operator_api.ready_arn], Condition = null },
      {
        # The action knows no resource; the condition leaves it one namespace.
        Effect    = "Allow"
        Action    = ["cloudwatch:PutMetricData"]
        Resource  = ["*"]
        Condition = { StringEquals = { "cloudwatch:namespace" = [local.namespace] } }
      },
    ],
    [
      for statement in [{
        # Heartbeats and nothing else of the table.
        Effect    = "Allow"
        Action    = ["dynamodb:GetItem", "dynamodb:PutItem"]
        Resource  = [var.orders_table.arn]
        Condition = { "ForAllValues:StringLike" = { "dynamodb:LeadingKeys" = ["heartbeat#*"] } }
      }] : statement if var.has_peer
    ],
  )
}

module "schedule_role" {
  source = "../role"

  name       = "${var.name}-${var.region}-canary-schedule"
  service    = "scheduler.amazonaws.com"
  statements = [{ Effect = "Allow", Action = ["lambda:InvokeFunction"], Resource = [module.function.arn] }]
}

resource "aws_scheduler_schedule" "this" {
  #checkov:skip=CKV_AWS_297:it holds an empty input
  region              = var.region
  name                = "${var.name}-canary"
  description         = "Calls the canary"
  schedule_expression = "rate(1 minute)"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = module.function.arn
    role_arn = module.schedule_role.arn
    input    = jsonencode({})

    # A look that is late tells nothing.
    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 60
    }
  }
}
