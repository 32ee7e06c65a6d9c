# What the operator sets in the active region stands in the other one too, by the time it is needed.

module "copy_settings" {
  source = "../function"

  name               = "${var.name}-copy-settings"
  description        = "Copies changed settings to ${var.peer_region} while ${var.region} is active"
  region             = var.region
  source_file        = "${path.module}/copy_settings.py"
  timeout_seconds    = 20
  log_key_arn        = var.key_arn
  log_retention_days = var.log_retention_days
  environment        = { PEER = var.peer_region, TABLE = var.orders_table.name }

  statements = [
    {
      Effect   = "Allow"
      Action   = ["ssm:GetParameter"]
      Resource = ["arn:aws:ssm:${var.region}:${local.account}:parameter${var.settings_prefix}/*"]
    },
    {
      Effect   = "Allow"
      Action   = ["ssm:GetParameter", "ssm:PutParameter"]
      Resource = ["arn:aws:ssm:${var.peer_region}:${local.account}:parameter${var.settings_prefix}/*"]
    },
    {
      Effect    = "Allow"
      Action    = ["dynamodb:GetItem"]
      Resource  = [var.orders_table.arn]
      Condition = local.control_only
    },
  ]
}

locals {
  account = data.aws_caller_identity.current.account_id
}

resource "aws_cloudwatch_event_rule" "settings" {
  region      = var.region
  name        = "${var.name}-settings-changed"
  description = "A setting of an event was written"
  event_pattern = jsonencode({
    source        = ["aws.ssm"]
    "detail-type" = ["Parameter Store Change"]
    detail = {
      name      = [{ prefix = "${var.settings_prefix}/" }]
      operation = ["Create", "Update"]
    }
  })
}

resource "aws_cloudwatch_event_target" "settings" {
  region    = var.region
  rule      = aws_cloudwatch_event_rule.settings.name
  target_id = "copy"
  arn       = module.copy_settings.arn
}

resource "aws_lambda_permission" "settings" {
  region        = var.region
  statement_id  = "settings-changed"
  action        = "lambda:InvokeFunction"
  function_name = module.copy_settings.name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.settings.arn
}
