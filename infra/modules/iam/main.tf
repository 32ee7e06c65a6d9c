# What each program may do is what its code does, call by call: infra/tests/test_permissions.py reads both and compares.

data "aws_caller_identity" "current" {}

locals {
  account      = data.aws_caller_identity.current.account_id
  sweep_index  = "${var.tables.orders}/index/sweep-index"
  parameters   = "arn:aws:ssm:${var.region}:${local.account}:parameter${var.settings_prefix}"
  via_secrets  = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.region}.amazonaws.com" } }
  via_tables   = { StringEquals = { "kms:ViaService" = "dynamodb.${var.region}.amazonaws.com" } }
  ended_tells  = { Effect = "Allow", Action = ["sqs:GetQueueAttributes", "sqs:SendMessage"], Resource = [var.queues.ended_sessions] }
  reads_events = { Effect = "Allow", Action = ["dynamodb:Scan"], Resource = [var.tables.events] }
  reads_sweep  = { Effect = "Allow", Action = ["dynamodb:Query"], Resource = [local.sweep_index] }
  opens_audit  = { Effect = "Allow", Action = ["kms:Decrypt"], Resource = [var.key_arn], Condition = local.via_tables }

  services = {
    waiting-room = [
      local.reads_events,
      # Figures of the shop, and the session of a fan who leaves.
      { Effect = "Allow", Action = ["dynamodb:GetItem", "dynamodb:PutItem"], Resource = [var.tables.orders] },
      local.reads_sweep,
      { Effect = "Allow", Action = ["dynamodb:PutItem", "dynamodb:Query"], Resource = [var.tables.audit] },
      local.opens_audit,
      { Effect = "Allow", Action = ["sqs:GetQueueAttributes"], Resource = [var.queues.orders, var.queues.dead_letters] },
      { Effect = "Allow", Action = ["sqs:DeleteMessage", "sqs:ReceiveMessage"], Resource = [var.queues.ended_sessions] },
      { Effect = "Allow", Action = ["ssm:GetParametersByPath"], Resource = [local.parameters] },
      { Effect = "Allow", Action = ["ssm:GetParameterHistory", "ssm:PutParameter"], Resource = ["${local.parameters}/*"] },
      { Effect = "Allow", Action = ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"], Resource = [var.secrets.keys] },
      { Effect = "Allow", Action = ["kms:Decrypt", "kms:GenerateDataKey"], Resource = [var.key_arn], Condition = local.via_secrets },
    ]
    checkout = [
      local.reads_events,
      { Effect = "Allow", Action = ["dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem"], Resource = [var.tables.orders] },
      local.reads_sweep,
      { Effect = "Allow", Action = ["sqs:GetQueueAttributes", "sqs:SendMessage"], Resource = [var.queues.orders] },
      # Operators look at the dead letters and put them back, and the audit log says who did.
      { Effect = "Allow", Action = ["dynamodb:PutItem"], Resource = [var.tables.audit] },
      local.opens_audit,
      {
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
        Resource = [var.queues.dead_letters]
      },
      local.ended_tells,
    ]
    fulfilment = [
      local.reads_events,
      {
        Effect = "Allow"
        Action = [
          "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:GetItem", "dynamodb:PutItem",
          "dynamodb:UpdateItem",
        ]
        Resource = [var.tables.orders]
      },
      local.reads_sweep,
      {
        Effect   = "Allow"
        Action   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage", "sqs:SendMessage"]
        Resource = [var.queues.orders]
      },
      { Effect = "Allow", Action = ["sqs:GetQueueAttributes", "sqs:SendMessage"], Resource = [var.queues.dead_letters] },
      local.ended_tells,
    ]
  }

  # What a task's environment is filled with before the program runs.
  environment_secrets = {
    waiting-room = [var.secrets.operator, var.secrets.viewer, var.secrets.queue_store]
    checkout     = [var.secrets.operator, var.secrets.viewer]
    fulfilment   = []
  }

  trust = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Condition = {
        StringEquals = { "aws:SourceAccount" = local.account }
        ArnLike      = { "aws:SourceArn" = "arn:aws:ecs:${var.region}:${local.account}:*" }
      }
    }]
  })
}

resource "aws_iam_role" "task" {
  for_each = local.services

  name               = "${var.name}-${var.region}-${each.key}-task"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "task" {
  for_each = local.services

  name   = "calls"
  role   = aws_iam_role.task[each.key].name
  policy = jsonencode({ Version = "2012-10-17", Statement = each.value })
}

resource "aws_iam_role" "execution" {
  for_each = local.services

  name               = "${var.name}-${var.region}-${each.key}-execution"
  assume_role_policy = local.trust
}

resource "aws_iam_role_policy" "execution" {
  for_each = local.services

  name = "start"
  role = aws_iam_role.execution[each.key].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Effect   = "Allow"
          Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
          Resource = [var.repository_arns[each.key]]
        },
        # A token for the registry as a whole: the action knows no resource.
        { Effect = "Allow", Action = ["ecr:GetAuthorizationToken"], Resource = ["*"] },
        {
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = ["arn:aws:logs:${var.region}:${local.account}:log-group:/${var.name}/${each.key}:*"]
        },
      ],
      [
        for statement in [
          { Effect = "Allow", Action = ["secretsmanager:GetSecretValue"], Resource = local.environment_secrets[each.key] },
          { Effect = "Allow", Action = ["kms:Decrypt"], Resource = [var.key_arn], Condition = local.via_secrets },
        ] : statement if length(local.environment_secrets[each.key]) > 0
      ],
    )
  })
}
