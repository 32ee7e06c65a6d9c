# The services' way to AWS, without the internet. Each endpoint lets through only what the services do there, and only for
# principals of this account, so that stolen code can't carry data to an account of its own. There is none for KMS and
# CloudWatch: Secrets Manager asks KMS itself, and what is measured comes from logs, load balancer and queues.

data "aws_caller_identity" "current" {}

locals {
  ours = { StringEquals = { "aws:PrincipalAccount" = data.aws_caller_identity.current.account_id } }

  actions = {
    "ecr.api"      = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer"]
    "ecr.dkr"      = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    logs           = ["logs:CreateLogStream", "logs:PutLogEvents"]
    sqs            = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"]
    ssm            = ["ssm:GetParameterHistory", "ssm:GetParametersByPath", "ssm:PutParameter"]
    secretsmanager = ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"]
  }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = local.actions

  region              = var.region
  vpc_id              = var.vpc_id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = var.subnet_ids
  security_group_ids  = [var.security_group_id]

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = each.value
      Resource  = "*"
      Condition = local.ours
    }]
  })

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_vpc_endpoint" "s3" {
  region            = var.region
  vpc_id            = var.vpc_id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = var.route_table_ids

  # Where ECR keeps the images' layers. The bucket is AWS's and the links to it are signed by ECR, so the account can't be asked.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:GetObject"
      Resource  = "arn:aws:s3:::prod-${var.region}-starport-layer-bucket/*"
    }]
  })

  tags = { Name = "${var.name}-s3" }
}

resource "aws_vpc_endpoint" "dynamodb" {
  region            = var.region
  vpc_id            = var.vpc_id
  service_name      = "com.amazonaws.${var.region}.dynamodb"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = var.route_table_ids

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = "*"
      Action = [
        "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem",
        "dynamodb:Query", "dynamodb:Scan", "dynamodb:UpdateItem",
      ]
      Resource  = flatten([for arn in var.table_arns : [arn, "${arn}/index/*"]])
      Condition = local.ours
    }]
  })

  tags = { Name = "${var.name}-dynamodb" }
}
