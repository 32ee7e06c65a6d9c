output "keys" {
  description = "The secret of the signing keys, in each region."
  value = {
    for region in concat([var.region], keys(var.replicas)) :
    region => replace(aws_secretsmanager_secret.this["keys"].arn, ":${var.region}:", ":${region}:")
  }
}

output "operator" {
  description = "The secret of the operator credential, in each region, once it is there."
  value = {
    for region in concat([var.region], keys(var.replicas)) :
    region => replace(aws_secretsmanager_secret_version.operator.arn, ":${var.region}:", ":${region}:")
  }
}
