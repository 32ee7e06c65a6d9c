locals {
  secrets = {
    keys     = "Signing keys; the first waiting room that finds it empty makes them"
    operator = "What operators sign in with"
    viewer   = "What those sign in with who may look at everything and change nothing"
  }
  credentials = toset(["operator", "viewer"])

  arns = {
    for name, secret in aws_secretsmanager_secret.this : name => {
      for region in concat([var.region], keys(var.replicas)) : region => replace(secret.arn, ":${var.region}:", ":${region}:")
    }
  }
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:keys are rotated by the operator API, the credential by a new version and new tasks
  for_each = local.secrets

  region                         = var.region
  name                           = "${var.name}/${each.key}"
  description                    = each.value
  kms_key_id                     = var.key_arn
  recovery_window_in_days        = var.recovery_window_days
  force_overwrite_replica_secret = true

  dynamic "replica" {
    for_each = var.replicas

    content {
      region     = replica.key
      kms_key_id = replica.value
    }
  }
}

# Made while applying, given to Secrets Manager, and written nowhere else.
ephemeral "aws_secretsmanager_random_password" "credential" {
  for_each = local.credentials

  password_length     = 40
  exclude_punctuation = true
}

resource "aws_secretsmanager_secret_version" "credential" {
  for_each = local.credentials

  region                   = var.region
  secret_id                = aws_secretsmanager_secret.this[each.key].id
  secret_string_wo         = ephemeral.aws_secretsmanager_random_password.credential[each.key].random_password
  secret_string_wo_version = 1
}
