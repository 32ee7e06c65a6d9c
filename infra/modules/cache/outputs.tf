output "url_secret_arn" {
  description = "The secret with the store's address, once its user has the password in it."
  value       = aws_secretsmanager_secret_version.url.secret_id
  depends_on  = [aws_lambda_invocation.password]
}

output "cluster_ids" {
  description = "The nodes, as metrics name them."
  value       = [for number in range(var.replicas + 1) : format("%s-%03d", var.name, number + 1)]
}
