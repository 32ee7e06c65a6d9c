output "keys" {
  description = "The secret of the signing keys, in each region."
  value       = local.arns.keys
}

output "operator" {
  description = "The secret of the operator credential, in each region, once it is there."
  value       = local.arns.operator
  depends_on  = [aws_secretsmanager_secret_version.credential]
}

output "viewer" {
  description = "The secret of the viewer credential, in each region, once it is there."
  value       = local.arns.viewer
  depends_on  = [aws_secretsmanager_secret_version.credential]
}
