output "prefix" {
  description = "What the parameters' names begin with."
  value       = var.prefix
}
