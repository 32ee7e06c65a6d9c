# A Lambda function of one file, with a role of its own that may do what it is given, and write its log.

locals {
  file = basename(var.source_file)
}

data "archive_file" "this" {
  type        = "zip"
  source_file = var.source_file
  output_path = "${path.root}/build/${var.name}-${var.region}.zip"
}

resource "aws_cloudwatch_log_group" "this" {
  region            = var.region
  name              = "/aws/lambda/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_key_arn
}

resource "aws_iam_role" "this" {
  name = "${var.name}-${var.region}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "does"
  role = aws_iam_role.this.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [for statement in var.statements : { for key, value in statement : key => value if value != null }],
      [{
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
      }],
    )
  })
}

resource "aws_lambda_function" "this" {
  #checkov:skip=CKV_AWS_50:each function makes a handful of calls and logs what fails
  #checkov:skip=CKV_AWS_115:reserved concurrency is taken from the account's, of which a new account has ten
  #checkov:skip=CKV_AWS_116:who calls it sees that it failed: an apply, an automation, an alarm
  #checkov:skip=CKV_AWS_117:it calls public endpoints of AWS and the site, and nothing in the VPC
  #checkov:skip=CKV_AWS_173:its environment holds names, no secret
  #checkov:skip=CKV_AWS_272:its code comes from this repository by the same apply that makes the function
  region           = var.region
  function_name    = var.name
  description      = var.description
  role             = aws_iam_role.this.arn
  runtime          = endswith(local.file, ".py") ? "python3.13" : "nodejs22.x"
  handler          = "${split(".", local.file)[0]}.handler"
  architectures    = ["arm64"]
  memory_size      = 256
  timeout          = var.timeout_seconds
  filename         = data.archive_file.this.output_path
  source_code_hash = data.archive_file.this.output_base64sha256

  environment {
    variables = var.environment
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  depends_on = [aws_iam_role_policy.this]
}
