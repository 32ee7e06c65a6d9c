output "name" {
  description = "Name of the service."
  value       = aws_ecs_service.this.name
}

output "id" {
  description = "The service; with wait_until_steady, once its tasks are healthy."
  value       = aws_ecs_service.this.id
}

output "arn" {
  description = "The service."
  value       = aws_ecs_service.this.arn
}

output "scaling" {
  description = "How its scaling is named, and its ARN."
  value = {
    resource_id = aws_appautoscaling_target.this.resource_id
    arn         = aws_appautoscaling_target.this.arn
  }
}

output "log_group" {
  description = "Where it logs to."
  value       = aws_cloudwatch_log_group.this.name
}
