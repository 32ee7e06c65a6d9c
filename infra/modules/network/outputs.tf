output "vpc_id" {
  description = "The VPC."
  value       = aws_vpc.this.id
}

output "subnet_ids" {
  description = "Subnets of each tier, one a zone: public, entry, services, egress, data."
  value = {
    for tier in local.tiers : tier => [for zone in range(3) : aws_subnet.this["${tier}-${zone}"].id]
  }
}

output "private_route_table_ids" {
  description = "Route tables of the subnets that services run in."
  value = [
    for key, subnet in local.subnets : aws_route_table.this[key].id if contains(["services", "egress"], subnet.tier)
  ]
}
