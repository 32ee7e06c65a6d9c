output "orders" {
  description = "The table of orders, stock and ended sessions: its name, and its ARN in each region."
  value = {
    name = aws_dynamodb_table.orders.name
    arns = { for region in local.regions : region => replace(aws_dynamodb_table.orders.arn, ":${var.region}:", ":${region}:") }
  }
  depends_on = [aws_dynamodb_table_item.control]
}

output "audit" {
  description = "The table of the audit log: its name, and its ARN in each region."
  value = {
    name = aws_dynamodb_table.audit.name
    arns = { for region in local.regions : region => replace(aws_dynamodb_table.audit.arn, ":${var.region}:", ":${region}:") }
  }
}

output "events" {
  description = "The table of events, filled: its name, and its ARN in each region."
  value = {
    name = aws_dynamodb_table.events.name
    arns = { for region in local.regions : region => replace(aws_dynamodb_table.events.arn, ":${var.region}:", ":${region}:") }
  }
  # Services end when they find no event.
  depends_on = [aws_dynamodb_table_item.event]
}
