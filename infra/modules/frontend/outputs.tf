output "url" {
  description = "Where fans find the site."
  value       = "https://${local.own_name ? var.domain.name : aws_cloudfront_distribution.this.domain_name}"
}

output "distribution_id" {
  description = "The distribution."
  value       = aws_cloudfront_distribution.this.id
}

output "key_value_store_arn" {
  description = "The store that says which region is active. Empty with one region."
  value       = var.has_second_region ? aws_cloudfront_key_value_store.this[0].arn : ""
}
