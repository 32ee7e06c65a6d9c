locals {
  parameters = merge([
    for event, initial in var.events : {
      "${event}/admission-rate-per-minute" = tostring(initial.admission_rate_per_minute)
      "${event}/max-active-sessions"       = tostring(initial.max_active_sessions)
      "${event}/mode"                      = "admit"
      # Parameter Store holds no empty values; this one stands for no message.
      "${event}/message" = "-"
    }
  ]...)
}

# Plain text, so that `aws ssm put-parameter --overwrite --value 1200` is all it takes.
resource "aws_ssm_parameter" "this" {
  #checkov:skip=CKV2_AWS_34:settings are no secrets, and the services take the type String only
  for_each = local.parameters

  region         = var.region
  name           = "${var.prefix}/${each.key}"
  description    = "A setting of the waiting room that may be turned while it runs"
  type           = "String"
  insecure_value = each.value

  lifecycle {
    # From now on it is the operator's.
    ignore_changes = [insecure_value]
  }
}
