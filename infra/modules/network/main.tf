# Five tiers of subnets, one of each in each of three zones. Only `public` has a way to and from the internet, and nothing
# but NAT gateways stands in it; only `egress` has a way out, through them.

locals {
  tiers = ["public", "entry", "services", "egress", "data"]

  # Zones are chosen by their ids and named by the account's own letters for them.
  letters  = zipmap(data.aws_availability_zones.available.zone_ids, data.aws_availability_zones.available.names)
  zone_ids = length(var.zone_ids) > 0 ? var.zone_ids : slice(sort(keys(local.letters)), 0, 3)

  subnets = {
    for pair in setproduct(local.tiers, range(3)) : "${pair[0]}-${pair[1]}" => {
      tier = pair[0]
      zone = pair[1]
      cidr = cidrsubnet(var.cidr_block, 4, index(local.tiers, pair[0]) * 3 + pair[1])
    }
  }
  cidrs = {
    for tier in local.tiers : tier => [for key, subnet in local.subnets : subnet.cidr if subnet.tier == tier]
  }
  nat_zones = var.nat_per_zone ? [0, 1, 2] : [0]
}

data "aws_availability_zones" "available" {
  #checkov:skip=CKV_AWS_394:zones are taken by their ids in order, and a new zone gets the next number
  region = var.region
  state  = "available"

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

resource "aws_vpc" "this" {
  region               = var.region
  cidr_block           = var.cidr_block
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

# Its rules are taken away, so that what forgets to name a security group gets nowhere.
resource "aws_default_security_group" "this" {
  region = var.region
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-default-unused" }
}

resource "aws_subnet" "this" {
  for_each = local.subnets

  region                  = var.region
  vpc_id                  = aws_vpc.this.id
  cidr_block              = each.value.cidr
  availability_zone       = local.letters[local.zone_ids[each.value.zone]]
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-${each.key}", Tier = each.value.tier }
}

# CloudFront's VPC origins want an internet gateway in the VPC, besides the NAT gateways that use it.
resource "aws_internet_gateway" "this" {
  region = var.region
  vpc_id = aws_vpc.this.id

  tags = { Name = var.name }
}

resource "aws_eip" "nat" {
  for_each = toset([for zone in local.nat_zones : tostring(zone)])

  region = var.region
  domain = "vpc"

  tags = { Name = "${var.name}-nat-${each.key}" }
}

resource "aws_nat_gateway" "this" {
  for_each = aws_eip.nat

  region        = var.region
  allocation_id = each.value.id
  subnet_id     = aws_subnet.this["public-${each.key}"].id

  tags = { Name = "${var.name}-${each.key}" }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route_table" "this" {
  for_each = local.subnets

  region = var.region
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_route_table_association" "this" {
  for_each = local.subnets

  region         = var.region
  subnet_id      = aws_subnet.this[each.key].id
  route_table_id = aws_route_table.this[each.key].id
}

resource "aws_route" "internet" {
  for_each = { for key, subnet in local.subnets : key => subnet if subnet.tier == "public" }

  region                 = var.region
  route_table_id         = aws_route_table.this[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route" "nat" {
  for_each = { for key, subnet in local.subnets : key => subnet if subnet.tier == "egress" }

  region                 = var.region
  route_table_id         = aws_route_table.this[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[var.nat_per_zone ? tostring(each.value.zone) : "0"].id
}
