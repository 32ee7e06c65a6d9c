# Network ACLs know no state: what answers a connection needs a rule of its own, to the ports that callers answer from. They
# can't name CloudFront's or AWS's address lists either; the security groups do, and hold besides.

locals {
  anywhere  = ["0.0.0.0/0"]
  ephemeral = [1024, 65535]
  https     = [443, 443]
  service   = [8080, 8080]
  cache     = [6379, 6379]

  acl_rules = {
    public = [
      { egress = false, ports = local.https, cidrs = local.cidrs.egress },
      { egress = false, ports = local.ephemeral, cidrs = local.anywhere },
      { egress = true, ports = local.https, cidrs = local.anywhere },
      { egress = true, ports = local.ephemeral, cidrs = local.cidrs.egress },
    ]
    entry = [
      { egress = false, ports = [80, 80], cidrs = local.anywhere },
      { egress = false, ports = local.https, cidrs = local.anywhere },
      { egress = false, ports = local.ephemeral, cidrs = concat(local.cidrs.entry, local.cidrs.services, local.cidrs.egress) },
      { egress = true, ports = local.service, cidrs = concat(local.cidrs.services, local.cidrs.egress) },
      { egress = true, ports = [80, 80], cidrs = local.cidrs.entry },
      { egress = true, ports = local.https, cidrs = local.cidrs.entry },
      { egress = true, ports = local.ephemeral, cidrs = local.anywhere },
    ]
    services = [
      { egress = false, ports = local.service, cidrs = local.cidrs.entry },
      { egress = false, ports = local.https, cidrs = concat(local.cidrs.services, local.cidrs.egress) },
      { egress = false, ports = local.ephemeral, cidrs = local.anywhere },
      { egress = true, ports = local.https, cidrs = local.anywhere },
      { egress = true, ports = local.cache, cidrs = local.cidrs.data },
      { egress = true, ports = local.ephemeral, cidrs = concat(local.cidrs.entry, local.cidrs.services, local.cidrs.egress) },
    ]
    egress = concat(
      [
        { egress = false, ports = local.service, cidrs = local.cidrs.entry },
        { egress = false, ports = local.ephemeral, cidrs = local.anywhere },
        { egress = true, ports = local.https, cidrs = local.anywhere },
        { egress = true, ports = local.ephemeral, cidrs = local.cidrs.entry },
      ],
      # A collector of traces stands among the services.
      [for port in var.otlp_ports : { egress = true, ports = [port, port], cidrs = local.cidrs.services }],
    )
    data = [
      { egress = false, ports = local.cache, cidrs = concat(local.cidrs.services, local.cidrs.data) },
      { egress = false, ports = local.ephemeral, cidrs = local.cidrs.data },
      { egress = true, ports = local.cache, cidrs = local.cidrs.data },
      { egress = true, ports = local.ephemeral, cidrs = concat(local.cidrs.services, local.cidrs.data) },
    ]
  }

  acl_entries = {
    for tier, rules in local.acl_rules : tier => {
      for way in [false, true] : way ? "egress" : "ingress" => flatten([
        for rule in rules : [for cidr in rule.cidrs : { ports = rule.ports, cidr = cidr }] if rule.egress == way
      ])
    }
  }
}

resource "aws_network_acl" "this" {
  #checkov:skip=CKV2_AWS_1:attached by subnet_ids, which the check does not compute
  for_each = local.acl_entries

  region     = var.region
  vpc_id     = aws_vpc.this.id
  subnet_ids = [for zone in range(3) : aws_subnet.this["${each.key}-${zone}"].id]

  dynamic "ingress" {
    for_each = each.value.ingress

    content {
      rule_no    = 100 + ingress.key
      action     = "allow"
      protocol   = "tcp"
      cidr_block = ingress.value.cidr
      from_port  = ingress.value.ports[0]
      to_port    = ingress.value.ports[1]
    }
  }

  dynamic "egress" {
    for_each = each.value.egress

    content {
      rule_no    = 100 + egress.key
      action     = "allow"
      protocol   = "tcp"
      cidr_block = egress.value.cidr
      from_port  = egress.value.ports[0]
      to_port    = egress.value.ports[1]
    }
  }

  tags = { Name = "${var.name}-${each.key}" }
}
