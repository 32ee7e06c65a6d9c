# The one way to the services, and itself reachable from CloudFront's VPC origin and the operator API alone.

locals {
  tls = var.certificate_arn != ""

  # A rule takes five values, a path pattern each.
  routes = {
    orders  = { priority = 10, to = "checkout", paths = ["/v1/orders", "/v1/orders/*", "/v1/session"] }
    letters = { priority = 20, to = "checkout", paths = ["/v1/operator/events/*/dead-letters", "/v1/operator/events/*/dead-letters/*"] }
    forms   = { priority = 30, to = "checkout", paths = ["/basic/*/checkout", "/basic/*/checkout/*", "/basic/*/order", "/basic/*/order/*"] }
    room    = { priority = 40, to = "waiting_room", paths = ["/v1/*", "/basic", "/basic/*", "/.well-known/*", "/openapi.json"] }
    ready   = { priority = 50, to = "waiting_room", paths = ["/readyz"] }
  }
}

resource "aws_lb" "this" {
  #checkov:skip=CKV_AWS_91:a line for each poll of a million fans: metrics, WAF's log and the services' own tell what is needed
  region             = var.region
  name               = var.name
  load_balancer_type = "application"
  internal           = true
  subnets            = var.subnet_ids
  security_groups    = [var.security_group_id]

  # A board's stream sends something each second, so this only ends what is dead.
  idle_timeout               = 60
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "defensive"
  enable_zonal_shift         = true
  enable_deletion_protection = var.protect

  lifecycle {
    # An apply in the middle of an on-sale must not take its capacity away.
    ignore_changes = [minimum_load_balancer_capacity]
  }
}

# Alive is enough: a waiting room that has lost its store still shows the last board, and it begins to answer only once all
# that it needs has answered it.
resource "aws_lb_target_group" "this" {
  #checkov:skip=CKV_AWS_378:TLS ends at the load balancer; from there it is one hop between private subnets
  for_each = toset(["waiting_room", "checkout"])

  region                        = var.region
  name                          = "${var.name}-${replace(each.key, "_", "-")}"
  vpc_id                        = var.vpc_id
  target_type                   = "ip"
  protocol                      = "HTTP"
  port                          = 8080
  load_balancing_algorithm_type = "least_outstanding_requests"
  deregistration_delay          = 20

  health_check {
    path                = "/healthz"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
    matcher             = "200"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_lb_listener" "this" {
  region            = var.region
  load_balancer_arn = aws_lb.this.arn
  port              = local.tls ? 443 : 80
  protocol          = local.tls ? "HTTPS" : "HTTP"
  certificate_arn   = local.tls ? var.certificate_arn : null
  ssl_policy        = local.tls ? "ELBSecurityPolicy-TLS13-1-2-2021-06" : null

  default_action {
    type = "fixed-response"

    fixed_response {
      content_type = "application/problem+json"
      message_body = jsonencode({ type = "about:blank", title = "Not Found", status = 404 })
      status_code  = "404"
    }
  }
}

resource "aws_lb_listener_rule" "this" {
  for_each = local.routes

  region       = var.region
  listener_arn = aws_lb_listener.this.arn
  priority     = each.value.priority

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this[each.value.to].arn
  }

  condition {
    path_pattern {
      values = each.value.paths
    }
  }
}
