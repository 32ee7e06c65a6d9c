# What the logs tell as metrics: lines at the level ERROR, which is the one word in capitals that stands in them, and entries of
# the audit log that could not be written.

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

resource "aws_cloudwatch_log_metric_filter" "audit" {
  for_each = { for name in ["waiting_room", "checkout"] : name => var.services[name] }

  region         = var.region
  name           = "${var.name}-${each.value.name}-audit-failures"
  log_group_name = each.value.log_group
  pattern        = "\"audit log can't be written\""

  metric_transformation {
    namespace     = local.log_namespace
    name          = "AuditFailures"
    value         = "1"
    default_value = "0"
  }
}
