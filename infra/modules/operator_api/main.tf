# The operator's API for scripts and people with an AWS identity: who may call is an IAM policy's to say (execute-api:Invoke on
# the ARN in the outputs). The credential of the services is asked for besides.

locals {
  routes = toset(["ANY /v1/operator/{proxy+}", "GET /readyz"])
}

resource "aws_apigatewayv2_vpc_link" "this" {
  region             = var.region
  name               = var.name
  subnet_ids         = var.subnet_ids
  security_group_ids = [var.security_group_id]

  lifecycle {
    # A VPC link can't be changed.
    create_before_destroy = true
  }
}

resource "aws_apigatewayv2_api" "this" {
  region        = var.region
  name          = "${var.name}-operator"
  description   = "Operators' calls, signed with an AWS identity"
  protocol_type = "HTTP"
}

resource "aws_apigatewayv2_integration" "this" {
  region             = var.region
  api_id             = aws_apigatewayv2_api.this.id
  integration_type   = "HTTP_PROXY"
  integration_method = "ANY"
  integration_uri    = var.listener.arn
  connection_type    = "VPC_LINK"
  connection_id      = aws_apigatewayv2_vpc_link.this.id

  dynamic "tls_config" {
    for_each = var.listener.server_name == "" ? [] : [var.listener.server_name]

    content {
      server_name_to_verify = tls_config.value
    }
  }
}

resource "aws_apigatewayv2_route" "this" {
  for_each = local.routes

  region             = var.region
  api_id             = aws_apigatewayv2_api.this.id
  route_key          = each.key
  target             = "integrations/${aws_apigatewayv2_integration.this.id}"
  authorization_type = "AWS_IAM"
}

resource "aws_cloudwatch_log_group" "access" {
  region            = var.region
  name              = "/${var.name}/operator-api"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_key_arn
}

resource "aws_apigatewayv2_stage" "this" {
  region      = var.region
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  # Operators are few.
  default_route_settings {
    throttling_rate_limit    = 20
    throttling_burst_limit   = 40
    detailed_metrics_enabled = true
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      time     = "$context.requestTime"
      caller   = "$context.identity.userArn"
      address  = "$context.identity.sourceIp"
      method   = "$context.httpMethod"
      path     = "$context.path"
      status   = "$context.status"
      error    = "$context.error.message"
      upstream = "$context.integrationErrorMessage"
    })
  }
}
