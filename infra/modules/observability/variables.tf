variable "name" {
  description = "What the names of all resources begin with."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The region that is watched."
  type        = string
  nullable    = false
}

variable "alarm_emails" {
  description = "Who is told."
  type        = list(string)
  nullable    = false
}

variable "key_arn" {
  description = "KMS key that encrypts what is told."
  type        = string
  nullable    = false
}

variable "load_balancer" {
  description = "How metrics name the load balancer and its target groups waiting_room and checkout."
  type = object({
    suffix        = string
    target_groups = map(string)
  })
  nullable = false
}

variable "cluster_name" {
  description = "The ECS cluster."
  type        = string
  nullable    = false
}

variable "services" {
  description = "Name and log group of each service."
  type = map(object({
    name      = string
    log_group = string
  }))
  nullable = false
}

variable "cache_nodes" {
  description = "The queue store's nodes."
  type        = list(string)
  nullable    = false
}

variable "queues" {
  description = "Names of the queues orders, dead_letters and ended_sessions."
  type        = map(string)
  nullable    = false
}

variable "tables" {
  description = "Names of the tables orders, audit and events."
  type        = map(string)
  nullable    = false
}

variable "operator_api_id" {
  description = "The operator API."
  type        = string
  nullable    = false
}

variable "canary_namespace" {
  description = "Namespace of the canary's metrics."
  type        = string
  nullable    = false
}

variable "has_peer" {
  description = "Whether there is another region whose heartbeat is watched."
  type        = bool
  nullable    = false
}

variable "limits" {
  description = "Where alarms sound: p95 latency of checkout in seconds, age of the oldest order in seconds."
  type = object({
    checkout_p95_seconds = number
    oldest_order_seconds = number
  })
  nullable = false
}
