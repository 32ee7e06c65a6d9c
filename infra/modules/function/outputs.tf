output "name" {
  description = "Name of the function."
  value       = aws_lambda_function.this.function_name
}

output "arn" {
  description = "The function."
  value       = aws_lambda_function.this.arn
}

output "role_arn" {
  description = "The role that it runs in."
  value       = aws_iam_role.this.arn
}
