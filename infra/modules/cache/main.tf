# The queue store: one shard of Valkey. It is the one place that knows the order of those who wait, but not the only one: what
# a failover loses comes back with the fans' tokens.

locals {
  user = "waiting-room"
}

resource "aws_elasticache_subnet_group" "this" {
  region      = var.region
  name        = var.name
  description = "Data subnets of ${var.name}"
  subnet_ids  = var.subnet_ids
}

# A queue that forgets its tail to make room has broken its promise; better to refuse the next fan and raise an alarm.
resource "aws_elasticache_parameter_group" "this" {
  region      = var.region
  name        = var.name
  family      = "valkey8"
  description = "Nothing is evicted"

  parameter {
    name  = "maxmemory-policy"
    value = "noeviction"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_elasticache_user" "this" {
  region    = var.region
  user_id   = "${var.name}-waiting-room"
  user_name = local.user
  engine    = "valkey"

  # What the scripts do, and no command that reads or changes the server itself.
  access_string = "on ~* -@all +@read +@write +@scripting +@connection +time -@dangerous"

  # Nobody can sign in until the password below is set; provider 6.25 would write a password given here into the state. From
  # the version on that has `passwords_wo`, that argument replaces the function.
  authentication_mode {
    type = "iam"
  }

  lifecycle {
    ignore_changes = [authentication_mode]
  }
}

resource "aws_elasticache_user_group" "this" {
  region        = var.region
  user_group_id = var.name
  engine        = "valkey"
  user_ids      = [aws_elasticache_user.this.user_id]
}

resource "aws_elasticache_replication_group" "this" {
  #checkov:skip=CKV2_AWS_50:on where there are replicas; development has none
  region               = var.region
  replication_group_id = var.name
  description          = "Queue store"
  engine               = "valkey"
  engine_version       = "8.1"
  node_type            = var.node_type
  port                 = 6379
  parameter_group_name = aws_elasticache_parameter_group.this.name
  subnet_group_name    = aws_elasticache_subnet_group.this.name
  security_group_ids   = [var.security_group_id]
  user_group_ids       = [aws_elasticache_user_group.this.user_group_id]

  num_cache_clusters         = var.replicas + 1
  automatic_failover_enabled = var.replicas > 0
  multi_az_enabled           = var.replicas > 0

  at_rest_encryption_enabled = true
  kms_key_id                 = var.key_arn
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"

  auto_minor_version_upgrade = true
  maintenance_window         = "tue:04:00-tue:05:00"
  apply_immediately          = false
  snapshot_retention_limit   = 0
}

ephemeral "aws_secretsmanager_random_password" "this" {
  password_length     = 48
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret" "url" {
  #checkov:skip=CKV2_AWS_57:the password is changed with secret_string_wo_version and new tasks; README.md says how
  region                  = var.region
  name                    = "${var.name}/queue-store"
  description             = "Address of the queue store, with user and password"
  kms_key_id              = var.key_arn
  recovery_window_in_days = var.recovery_window_days
}

resource "aws_secretsmanager_secret_version" "url" {
  region                   = var.region
  secret_id                = aws_secretsmanager_secret.url.id
  secret_string_wo         = "rediss://${local.user}:${ephemeral.aws_secretsmanager_random_password.this.random_password}@${aws_elasticache_replication_group.this.primary_endpoint_address}:6379/"
  secret_string_wo_version = 1
}

module "password" {
  source = "../function"

  name               = "${var.name}-cache-password"
  description        = "Gives the queue store's user the password that is in the secret"
  region             = var.region
  source_file        = "${path.module}/set_password.py"
  timeout_seconds    = 300
  log_key_arn        = var.key_arn
  log_retention_days = var.log_retention_days

  environment = {
    SECRET = aws_secretsmanager_secret.url.arn
    USER   = aws_elasticache_user.this.user_id
  }

  statements = [
    {
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = [aws_secretsmanager_secret.url.arn]
    },
    {
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = [var.key_arn]
      Condition = { StringEquals = { "kms:ViaService" = ["secretsmanager.${var.region}.amazonaws.com"] } }
    },
    {
      Effect   = "Allow"
      Action   = ["elasticache:DescribeUsers", "elasticache:ModifyUser"]
      Resource = [aws_elasticache_user.this.arn]
    },
  ]
}

resource "aws_lambda_invocation" "password" {
  region        = var.region
  function_name = module.password.name
  input         = jsonencode({ version = aws_secretsmanager_secret_version.url.secret_string_wo_version })
}
