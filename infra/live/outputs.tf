output "name" {
  description = "What the names of all resources begin with."
  value       = local.name
}

output "site_url" {
  description = "Where fans find the site."
  value       = module.frontend.url
}

output "console_url" {
  description = "Where operators find the console."
  value       = "${module.frontend.url}/console.html"
}

output "operator_secret" {
  description = "The secret with the credential that operators sign in with."
  value       = module.secrets.operator[var.primary_region]
}

output "viewer_secret" {
  description = "The secret with the credential of those who may look and change nothing."
  value       = module.secrets.viewer[var.primary_region]
}

output "audit_table" {
  description = "The table of the audit log."
  value       = module.database.audit.name
}

output "operator_apis" {
  description = "The operator API of each region: its address, and what an operator's policy allows execute-api:Invoke on."
  value       = { for key, stack in local.stacks : key => stack.operator_api }
}

output "dashboards" {
  description = "Dashboard of each region."
  value       = { for key, stack in local.stacks : key => stack.dashboard }
}

output "failover_documents" {
  description = "The button of each region: the document that makes it the active one."
  value       = { for key, failover in module.failover : key => failover.document }
}

output "cloudfront_requests_per_second" {
  description = "What CloudFront is asked a second just before each on-sale, when all its fans are there: the quota has to be higher."
  value       = local.peak_requests
}

output "capacity" {
  description = "What was measured and assumed, the targets that services scale by, and the tasks that stand ready around each on-sale."
  value       = { benchmark = local.benchmark, assumed = local.assumed, targets = local.targets, ready = local.ready }
}
