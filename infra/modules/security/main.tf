# Who may speak to whom. Each rule is a resource of its own, so that two groups may name each other.

locals {
  groups = {
    alb          = "The private load balancer"
    vpc_link     = "The operator API's way into the VPC"
    waiting_room = "Tasks of waiting-room"
    checkout     = "Tasks of checkout"
    fulfilment   = "Tasks of fulfilment"
    cache        = "The queue store"
    endpoints    = "Interface endpoints of AWS services"
  }

  # In both directions: what one may call, the other may be called for.
  calls = {
    vpc_link_to_alb           = { from = "vpc_link", to = "alb", port = var.listener_port }
    alb_to_waiting_room       = { from = "alb", to = "waiting_room", port = 8080 }
    alb_to_checkout           = { from = "alb", to = "checkout", port = 8080 }
    waiting_room_to_cache     = { from = "waiting_room", to = "cache", port = 6379 }
    waiting_room_to_endpoints = { from = "waiting_room", to = "endpoints", port = 443 }
    checkout_to_endpoints     = { from = "checkout", to = "endpoints", port = 443 }
    fulfilment_to_endpoints   = { from = "fulfilment", to = "endpoints", port = 443 }
  }

  services = ["waiting_room", "checkout", "fulfilment"]

  prefix_list_calls = {
    for pair in setproduct(local.services, ["s3", "dynamodb"]) :
    "${pair[0]}_to_${pair[1]}" => { from = pair[0], service = pair[1] }
  }
}

data "aws_ec2_managed_prefix_list" "cloudfront" {
  region = var.region
  name   = "com.amazonaws.global.cloudfront.origin-facing"
}

data "aws_prefix_list" "gateway" {
  for_each = toset(["s3", "dynamodb"])

  region = var.region
  name   = "com.amazonaws.${var.region}.${each.key}"
}

resource "aws_security_group" "this" {
  #checkov:skip=CKV2_AWS_5:attached in other modules, which the check does not follow
  for_each = local.groups

  region      = var.region
  vpc_id      = var.vpc_id
  name        = "${var.name}-${replace(each.key, "_", "-")}"
  description = each.value

  tags = { Name = "${var.name}-${replace(each.key, "_", "-")}" }
}

resource "aws_vpc_security_group_egress_rule" "call" {
  for_each = local.calls

  region                       = var.region
  security_group_id            = aws_security_group.this[each.value.from].id
  description                  = "to ${each.value.to}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  referenced_security_group_id = aws_security_group.this[each.value.to].id
}

resource "aws_vpc_security_group_ingress_rule" "call" {
  for_each = local.calls

  region                       = var.region
  security_group_id            = aws_security_group.this[each.value.to].id
  description                  = "from ${each.value.from}"
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
  referenced_security_group_id = aws_security_group.this[each.value.from].id
}

resource "aws_vpc_security_group_ingress_rule" "cloudfront" {
  region            = var.region
  security_group_id = aws_security_group.this["alb"].id
  description       = "from CloudFront"
  ip_protocol       = "tcp"
  from_port         = var.listener_port
  to_port           = var.listener_port
  prefix_list_id    = data.aws_ec2_managed_prefix_list.cloudfront.id
}

resource "aws_vpc_security_group_egress_rule" "gateway" {
  for_each = local.prefix_list_calls

  region            = var.region
  security_group_id = aws_security_group.this[each.value.from].id
  description       = "to ${each.value.service}"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = data.aws_prefix_list.gateway[each.value.service].id
}

# To a collector of traces, where there is one: it stands in the VPC, which two of the three can't leave.
resource "aws_vpc_security_group_egress_rule" "otlp" {
  for_each = { for pair in setproduct(local.services, var.otlp) : pair[0] => pair[1] }

  region            = var.region
  security_group_id = aws_security_group.this[each.key].id
  description       = "to the collector of traces"
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
  cidr_ipv4         = each.value.cidr_block
}

# The payment provider's addresses are not ours to know, and the waiting room's public keys come from CloudFront.
resource "aws_vpc_security_group_egress_rule" "checkout_nat" {
  region            = var.region
  security_group_id = aws_security_group.this["checkout"].id
  description       = "to the payment provider and the published keys, through NAT"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "0.0.0.0/0"
}
