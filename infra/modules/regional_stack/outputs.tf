output "key_arn" {
  description = "KMS key of the region."
  value       = module.key.arn
}

output "load_balancer" {
  description = "The private load balancer: ARN, private name, whether it speaks TLS."
  value = {
    arn      = module.load_balancer.arn
    dns_name = module.load_balancer.dns_name
    tls      = var.load_balancer.certificate_arn != ""
  }
  # CloudFront makes no VPC origin in a VPC without an internet gateway.
  depends_on = [module.network]
}

output "waiting_room_service" {
  description = "The waiting room's service, once its tasks are healthy and its keys are there."
  value       = module.waiting_room.id
}

output "services" {
  description = "Each service's ARN, and how its scaling is named."
  value = {
    waiting_room = { arn = module.waiting_room.arn, scaling = module.waiting_room.scaling }
    checkout     = { arn = module.checkout.arn, scaling = module.checkout.scaling }
    fulfilment   = { arn = module.fulfilment.arn, scaling = module.fulfilment.scaling }
  }
}

output "canary" {
  description = "The canary's function: name and ARN."
  value       = module.canary.function
}

output "alarm_topic_arn" {
  description = "Where alarms are told."
  value       = module.observability.alarm_topic_arn
}

output "dashboard" {
  description = "Name of the dashboard."
  value       = module.observability.dashboard
}

output "operator_api" {
  description = "The operator API: its address, and what an operator's policy allows execute-api:Invoke on."
  value       = { url = module.operator_api.url, operate_arn = module.operator_api.operate_arn }
}
