output "arn" {
  description = "The cluster, once it has its capacity providers."
  value       = aws_ecs_cluster.this.arn
  depends_on  = [aws_ecs_cluster_capacity_providers.this]
}

output "name" {
  description = "Its name."
  value       = aws_ecs_cluster.this.name
}

output "capacity_provider" {
  description = "What tasks run on."
  value       = var.use_spot ? "FARGATE_SPOT" : "FARGATE"
}
