output "namespace" {
  description = "Namespace of its metrics."
  value       = local.namespace
}

output "function" {
  description = "The function: name and ARN."
  value       = { name = module.function.name, arn = module.function.arn }
}
