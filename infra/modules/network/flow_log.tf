# What the rules turned away: few lines in peace, the first place to look when something can't be reached.

resource "aws_cloudwatch_log_group" "rejected" {
  region            = var.region
  name              = "/${var.name}/rejected-traffic"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_key_arn
}

module "flow_log_role" {
  source = "../role"

  name    = "${var.name}-${var.region}-flow-log"
  service = "vpc-flow-logs.amazonaws.com"
  statements = [{
    Effect   = "Allow"
    Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
    Resource = "${aws_cloudwatch_log_group.rejected.arn}:*"
  }]
}

resource "aws_flow_log" "rejected" {
  region               = var.region
  vpc_id               = aws_vpc.this.id
  traffic_type         = "REJECT"
  log_destination_type = "cloud-watch-logs"
  log_destination      = aws_cloudwatch_log_group.rejected.arn
  iam_role_arn         = module.flow_log_role.arn
}
