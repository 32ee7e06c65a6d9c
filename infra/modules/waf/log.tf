# What was turned away, without fans' tokens and operators' credentials.

resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_158:keys of ours are in the regions that serve, and this log has to be in us-east-1
  #checkov:skip=CKV_AWS_338:how long it is kept is for the environment to say
  region            = "us-east-1"
  name              = "aws-waf-logs-${var.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  region                  = "us-east-1"
  resource_arn            = aws_wafv2_web_acl.this.arn
  log_destination_configs = [aws_cloudwatch_log_group.this.arn]

  redacted_fields {
    single_header {
      name = "authorization"
    }
  }

  redacted_fields {
    single_header {
      name = "cookie"
    }
  }

  redacted_fields {
    single_header {
      name = "x-operator-credential"
    }
  }

  logging_filter {
    default_behavior = "DROP"

    filter {
      behavior    = "KEEP"
      requirement = "MEETS_ANY"

      condition {
        action_condition {
          action = "BLOCK"
        }
      }
    }
  }
}
