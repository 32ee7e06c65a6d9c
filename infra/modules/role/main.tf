# A role that one AWS service takes, for this account only, and what it may do with it.

data "aws_caller_identity" "current" {}

resource "aws_iam_role" "this" {
  name = var.name
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = var.service }
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name   = "does"
  role   = aws_iam_role.this.name
  policy = jsonencode({ Version = "2012-10-17", Statement = var.statements })
}
