"""Who can reach whom, and what can be lost."""

import unittest

from stack import COLLECTOR, in_regions, stacks

# Group: (who comes in, where it goes out to); a port each. The table in INFRA.md, with the operator API's way in besides.
MATRIX = {
    "alb": ({"cloudfront:80", "vpc_link:80"}, {"waiting_room:8080", "checkout:8080"}),
    "vpc_link": (set(), {"alb:80"}),
    "waiting_room": ({"alb:8080"}, {"cache:6379", "endpoints:443", "s3:443", "dynamodb:443"}),
    "checkout": ({"alb:8080"}, {"endpoints:443", "s3:443", "dynamodb:443", "0.0.0.0/0:443"}),
    "fulfilment": (set(), {"endpoints:443", "s3:443", "dynamodb:443"}),
    "cache": ({"waiting_room:6379"}, set()),
    "endpoints": ({"waiting_room:443", "checkout:443", "fulfilment:443"}, set()),
}


SERVICES = ("waiting_room", "checkout", "fulfilment")


def egress(stack, region):
    """The matrix's ways out, and to the collector where there is one."""
    found = {group: set(rule[1]) for group, rule in MATRIX.items()}
    if stack.name in COLLECTOR:
        [vpc] = stack.all("aws_vpc", region)
        for service in SERVICES:
            found[service].add(f"{vpc['cidr_block']}:{COLLECTOR[stack.name].rsplit(':', 1)[1]}")
    return found


def peers(stack, region):
    """What rules call groups and prefix lists by, with their names."""
    names = {group["id"]: group.key for group in stack.all("aws_security_group", region)}
    for prefixes in stack.all("aws_prefix_list", region, mode="data"):
        names[prefixes["id"]] = prefixes.key
    for prefixes in stack.all("aws_ec2_managed_prefix_list", region, mode="data"):
        assert prefixes["name"] == "com.amazonaws.global.cloudfront.origin-facing"
        names[prefixes["id"]] = "cloudfront"
    return names


def rules(stack, region, way):
    names = peers(stack, region)
    found = {group: set() for group in MATRIX}
    for rule in stack.all(f"aws_vpc_security_group_{way}_rule", region):
        assert rule["ip_protocol"] == "tcp" and rule["from_port"] == rule["to_port"], rule
        peer = rule.get("referenced_security_group_id") or rule.get("prefix_list_id")
        found[names[rule["security_group_id"]]].add(f"{names.get(peer) or rule['cidr_ipv4']}:{int(rule['from_port'])}")
    return found


class Network(unittest.TestCase):
    def test_the_security_groups_are_the_matrix_and_nothing_else(self):
        for stack, region in in_regions():
            with self.subTest(stack.name + " " + region):
                self.assertEqual(rules(stack, region, "ingress"), {group: rule[0] for group, rule in MATRIX.items()})
                self.assertEqual(rules(stack, region, "egress"), egress(stack, region))
                for group in stack.all("aws_security_group", region):
                    self.assertFalse(group.get("ingress") or group.get("egress"), f"{group} has rules in line")
                [default] = stack.all("aws_default_security_group", region)
                self.assertFalse(default.get("ingress") or default.get("egress"))

    def test_each_tier_that_has_services_lets_them_reach_the_collector(self):
        for stack, region in in_regions():
            tiers = {subnet["cidr_block"]: subnet["tags"]["Tier"] for subnet in stack.all("aws_subnet", region)}
            for acl in stack.all("aws_network_acl", region):
                if acl.key not in ("services", "egress"):
                    continue
                reached = {tiers.get(entry["cidr_block"]) for entry in acl["egress"]
                           if entry["from_port"] <= 4318 <= entry["to_port"]}
                self.assertEqual("services" in reached, acl.key == "services" or stack.name in COLLECTOR, f"{stack.name} {acl.key}")

    def test_services_wear_their_own_group(self):
        for stack, region in in_regions():
            names = peers(stack, region)
            for service in stack.all("aws_ecs_service", region):
                [network] = service["network_configuration"]
                self.assertEqual([names[group] for group in network["security_groups"]], [service["name"].replace("-", "_")])
            [balancer] = stack.all("aws_lb", region)
            self.assertEqual([names[group] for group in balancer["security_groups"]], ["alb"])
            [link] = stack.all("aws_apigatewayv2_vpc_link", region)
            self.assertEqual([names[group] for group in link["security_group_ids"]], ["vpc_link"])
            [cache] = stack.all("aws_elasticache_replication_group", region)
            self.assertEqual([names[group] for group in cache["security_group_ids"]], ["cache"])

    def test_nothing_but_nat_has_a_public_address(self):
        for stack, region in in_regions():
            subnets = {subnet["id"]: subnet["tags"]["Tier"] for subnet in stack.all("aws_subnet", region)}
            for subnet in stack.all("aws_subnet", region):
                self.assertFalse(subnet["map_public_ip_on_launch"], subnet)
            for service in stack.all("aws_ecs_service", region):
                [network] = service["network_configuration"]
                self.assertFalse(network["assign_public_ip"], service)
                self.assertNotIn("public", {subnets[subnet] for subnet in network["subnets"]}, service)
            for balancer in stack.all("aws_lb", region):
                self.assertTrue(balancer["internal"])
            addresses = {nat["allocation_id"] for nat in stack.all("aws_nat_gateway", region)}
            self.assertEqual({address["id"] for address in stack.all("aws_eip", region)}, addresses)
            for nat in stack.all("aws_nat_gateway", region):
                self.assertEqual(subnets[nat["subnet_id"]], "public")

    def test_only_checkout_has_a_way_out(self):
        for stack, region in in_regions():
            tiers = {subnet["id"]: subnet["tags"]["Tier"] for subnet in stack.all("aws_subnet", region)}
            tables = {link["route_table_id"]: tiers[link["subnet_id"]] for link in stack.all("aws_route_table_association", region)}
            ways = {}
            for route in stack.all("aws_route", region):
                self.assertEqual(route["destination_cidr_block"], "0.0.0.0/0")
                way = "internet" if route.get("gateway_id") else "nat" if route.get("nat_gateway_id") else "?"
                ways.setdefault(tables[route["route_table_id"]], set()).add(way)
            self.assertEqual(ways, {"public": {"internet"}, "egress": {"nat"}})
            for service in stack.all("aws_ecs_service", region):
                used = {tiers[subnet] for subnet in service["network_configuration"][0]["subnets"]}
                self.assertEqual(used, {"egress"} if service["name"] == "checkout" else {"services"})

    def test_every_tier_spans_three_zones(self):
        for stack, region in in_regions():
            zones = {}
            for subnet in stack.all("aws_subnet", region):
                zones.setdefault(subnet["tags"]["Tier"], []).append(subnet["availability_zone"])
            self.assertEqual(set(zones), {"public", "entry", "services", "egress", "data"})
            for tier, used in zones.items():
                self.assertEqual(len(set(used)), 3, f"{stack.name} {tier}: {used}")
            of = {subnet["id"]: subnet["availability_zone"] for subnet in stack.all("aws_subnet", region)}
            spread = [service["network_configuration"][0]["subnets"] for service in stack.all("aws_ecs_service", region)]
            spread += [balancer["subnets"] for balancer in stack.all("aws_lb", region)]
            spread += [group["subnet_ids"] for group in stack.all("aws_elasticache_subnet_group", region)]
            spread += [link["subnet_ids"] for link in stack.all("aws_apigatewayv2_vpc_link", region)]
            self.assertEqual(len(spread), 3 + 1 + 1 + 1)
            for subnets in spread:
                self.assertEqual(len({of[subnet] for subnet in subnets}), 3, subnets)
            for service in stack.all("aws_ecs_service", region):
                self.assertEqual(service["availability_zone_rebalancing"], "ENABLED")

    def test_production_loses_nothing_with_a_zone(self):
        for stack in stacks():
            if not stack.name.startswith("prod"):
                continue
            for region in stack.regions:
                zones = {subnet["id"]: subnet["availability_zone"] for subnet in stack.all("aws_subnet", region)}
                self.assertEqual(len({zones[nat["subnet_id"]] for nat in stack.all("aws_nat_gateway", region)}), 3)
                # Each zone's way out is its own NAT gateway's.
                homes = {nat["id"]: zones[nat["subnet_id"]] for nat in stack.all("aws_nat_gateway", region)}
                tables = {link["route_table_id"]: zones[link["subnet_id"]]
                          for link in stack.all("aws_route_table_association", region)}
                for route in stack.all("aws_route", region):
                    if route.get("nat_gateway_id"):
                        self.assertEqual(homes[route["nat_gateway_id"]], tables[route["route_table_id"]])
                for endpoint in stack.all("aws_vpc_endpoint", region):
                    if endpoint["vpc_endpoint_type"] == "Interface":
                        self.assertEqual(len({zones[subnet] for subnet in endpoint["subnet_ids"]}), 3, endpoint)
                [cache] = stack.all("aws_elasticache_replication_group", region)
                self.assertEqual(cache["num_cache_clusters"], 3)
                self.assertTrue(cache["automatic_failover_enabled"] and cache["multi_az_enabled"])
                [balancer] = stack.all("aws_lb", region)
                self.assertTrue(balancer["enable_zonal_shift"])

    def test_network_acls_let_no_tier_reach_past_its_neighbour(self):
        for stack, region in in_regions():
            subnets = {subnet["cidr_block"]: subnet["tags"]["Tier"] for subnet in stack.all("aws_subnet", region)}
            for acl in stack.all("aws_network_acl", region):
                tier = acl.key
                seen = {subnets.get(entry["cidr_block"], entry["cidr_block"]) for entry in acl["ingress"]}
                wanted = {
                    "public": {"egress", "0.0.0.0/0"}, "data": {"services", "data"},
                    "entry": {"entry", "services", "egress", "0.0.0.0/0"},
                    "services": {"entry", "services", "egress", "0.0.0.0/0"}, "egress": {"entry", "0.0.0.0/0"},
                }[tier]
                self.assertEqual(seen, wanted, tier)
                out = {subnets.get(entry["cidr_block"], entry["cidr_block"]) for entry in acl["egress"]}
                self.assertTrue(tier != "data" or out == {"services", "data"}, out)
                self.assertEqual(len(acl["subnet_ids"]), 3)


if __name__ == "__main__":
    unittest.main()
