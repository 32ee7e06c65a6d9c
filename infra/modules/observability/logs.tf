# Lines at the level ERROR, which is the one word in capitals that stands in them, as a metric.

locals {
  log_namespace = "${var.name}/logs"
}

resource "aws_cloudwatch_log_metric_filter" "errors" {
  for_each = var.services

  region         = var.region
  name           = "${var.name}-${each.value.name}-errors"
  log_group_name = each.value.log_group
  pattern        = "ERROR"

  metric_transformation {
    namespace     = local.log_namespace
    name          = "Errors"
    value         = "1"
    default_value = "0"
  }
}
