output "arn" {
  description = "The load balancer."
  value       = aws_lb.this.arn
}

output "arn_suffix" {
  description = "How metrics name the load balancer."
  value       = aws_lb.this.arn_suffix
}

output "dns_name" {
  description = "Its private name."
  value       = aws_lb.this.dns_name
}

output "listener_arn" {
  description = "Its one listener."
  value       = aws_lb_listener.this.arn
}

output "target_groups" {
  description = "Target groups of waiting_room and checkout, once requests are routed to them."
  value = {
    for name, group in aws_lb_target_group.this : name => { arn = group.arn, arn_suffix = group.arn_suffix }
  }

  # A service, and a scaling policy on its requests, may only be made once its target group is in use.
  depends_on = [aws_lb_listener_rule.this]
}
