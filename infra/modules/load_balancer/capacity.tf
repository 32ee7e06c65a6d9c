# A load balancer grows within minutes, a stampede comes within seconds. What is reserved costs by the hour, so it is reserved
# around each on-sale only: three hours before its window opens, since AWS may take hours to provide it, until it closes. For the
# same reason the region that stands by reserves ahead too: the button could only ask when it is too late.

locals {
  windows = var.on_sale_capacity_units == 0 ? {} : {
    for event, window in var.windows : event => { from = timeadd(window.from, "-3h"), until = window.until }
  }
  changes = merge([
    for event, window in local.windows : {
      "${event}-raise" = {
        at   = window.from
        call = { MinimumLoadBalancerCapacity = { CapacityUnits = var.on_sale_capacity_units } }
      }
      "${event}-lower" = { at = window.until, call = { ResetCapacityReservation = true } }
    }
  ]...)
}

module "capacity_role" {
  source = "../role"
  count  = length(local.windows) > 0 ? 1 : 0

  name       = "${var.name}-${var.region}-capacity"
  service    = "scheduler.amazonaws.com"
  statements = [{ Effect = "Allow", Action = ["elasticloadbalancing:ModifyCapacityReservation"], Resource = [aws_lb.this.arn] }]
}

# Changes that are over are left out.
resource "aws_scheduler_schedule" "capacity" {
  #checkov:skip=CKV_AWS_297:it holds the load balancer's ARN and a number
  for_each = { for name, change in local.changes : name => change if timecmp(change.at, plantimestamp()) > 0 }

  region              = var.region
  name                = "${var.name}-capacity-${substr(md5(each.key), 0, 8)}"
  description         = "Load balancer capacity around an on-sale: ${each.key}"
  schedule_expression = "at(${formatdate("YYYY-MM-DD'T'hh:mm:ss", each.value.at)})"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = "arn:aws:scheduler:::aws-sdk:elasticloadbalancingv2:modifyCapacityReservation"
    role_arn = module.capacity_role[0].arn
    input    = jsonencode(merge({ LoadBalancerArn = aws_lb.this.arn }, each.value.call))
  }
}
