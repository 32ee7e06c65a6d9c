output "group_ids" {
  description = "Security groups: alb, vpc_link, waiting_room, checkout, fulfilment, cache, endpoints."
  value       = { for name, group in aws_security_group.this : name => group.id }
}
