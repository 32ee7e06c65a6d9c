"""The ways in, and where each path leads."""

import fnmatch
import json
import re
import subprocess
import unittest

from stack import REPOSITORY, in_regions, stacks

# A path of each kind, for both balancers to route alike.
PATHS = [
    "/v1/events", "/v1/events/aurora-live", "/v1/events/aurora-live/queue", "/v1/events/aurora-live/board",
    "/v1/events/aurora-live/admission", "/v1/events/aurora-live/stream", "/v1/orders", "/v1/orders/0190", "/v1/session",
    "/v1/operator/events/aurora-live/settings", "/v1/operator/events/aurora-live/dead-letters",
    "/v1/operator/events/aurora-live/dead-letters/redrive", "/v1/operator/keys/rotate", "/v1/operator/session",
    "/v1/operator/events/aurora-live/audit", "/v1/operator/events/aurora-live/history", "/basic/", "/basic",
    "/basic/aurora-live", "/basic/aurora-live/join", "/basic/aurora-live/checkout", "/basic/aurora-live/order",
    "/.well-known/jwks.json", "/openapi.json",
]


def balancer_route(stack, region, path):
    groups = {group["arn"]: group.key for group in stack.all("aws_lb_target_group", region)}
    for rule in sorted(stack.all("aws_lb_listener_rule", region), key=lambda rule: rule["priority"]):
        [condition] = rule["condition"]
        if any(fnmatch.fnmatchcase(path, pattern) for pattern in condition["path_pattern"][0]["values"]):
            return groups[rule["action"][0]["target_group_arn"]]
    return None


def nginx_route(path):
    """Where docker/front.conf.template, which runs the same services on one machine, sends a path."""
    text = (REPOSITORY / "docker" / "front.conf.template").read_text()
    for pattern, body in re.findall(r"location ~ (\S+) \{(.*?)\n    \}", text, re.S):
        target = re.search(r"proxy_pass http://(\w+)", body)
        if target and re.search(pattern, path):
            return target.group(1)
    return None


def behaviour(distribution, path):
    for one in distribution["ordered_cache_behavior"]:
        if fnmatch.fnmatchcase(path, one["path_pattern"]):
            return one
    return distribution["default_cache_behavior"][0]


class Entry(unittest.TestCase):
    def test_paths_lead_where_they_lead_on_one_machine(self):
        for stack, region in in_regions():
            for path in PATHS:
                self.assertIsNotNone(nginx_route(path), path)
                self.assertEqual(balancer_route(stack, region, path), nginx_route(path), path)

    def test_the_listener_serves_nothing_that_no_rule_names(self):
        for stack, region in in_regions():
            [listener] = stack.all("aws_lb_listener", region)
            [action] = listener["default_action"]
            self.assertEqual((action["type"], action["fixed_response"][0]["status_code"]), ("fixed-response", "404"))
            self.assertIsNone(balancer_route(stack, region, "/metrics"))

    def test_fans_reach_every_route_of_the_services_and_neither_health_nor_metrics(self):
        for stack in stacks():
            [distribution] = stack.all("aws_cloudfront_distribution")
            for path in PATHS:
                self.assertNotEqual(behaviour(distribution, path)["target_origin_id"], "site", path)
            for path in ("/metrics", "/readyz", "/healthz", "/", "/console.html", "/js/api.js"):
                self.assertEqual(behaviour(distribution, path)["target_origin_id"], "site", path)

    def test_origins_are_the_private_balancers_by_vpc_origin(self):
        for stack in stacks():
            [distribution] = stack.all("aws_cloudfront_distribution")
            balancers = {balancer["arn"]: balancer["dns_name"] for region in stack.regions
                         for balancer in stack.all("aws_lb", region)}
            ways = {origin["id"]: origin["vpc_origin_endpoint_config"][0]["arn"]
                    for origin in stack.all("aws_cloudfront_vpc_origin")}
            self.assertEqual(set(ways.values()), set(balancers))
            for origin in distribution["origin"]:
                if origin["origin_id"] == "site":
                    self.assertTrue(origin["origin_access_control_id"])
                    continue
                self.assertFalse(origin["custom_origin_config"], "a public way to a balancer")
                arn = ways[origin["vpc_origin_config"][0]["vpc_origin_id"]]
                self.assertEqual(origin["domain_name"], balancers[arn])

    def test_what_is_the_same_for_everybody_is_kept_by_its_path_alone(self):
        for stack in stacks():
            [distribution] = stack.all("aws_cloudfront_distribution")
            for path in ("/v1/events/aurora-live/board", "/v1/events", "/v1/events/aurora-live", "/.well-known/jwks.json"):
                one = behaviour(distribution, path)
                policy = stack.one("aws_cloudfront_cache_policy", id=one["cache_policy_id"])
                [key] = policy["parameters_in_cache_key_and_forwarded_to_origin"]
                self.assertEqual(policy["min_ttl"], 0)
                self.assertEqual(key["cookies_config"][0]["cookie_behavior"], "none")
                self.assertEqual(key["headers_config"][0]["header_behavior"], "none")
                self.assertEqual(key["query_strings_config"][0]["query_string_behavior"], "none")
                self.assertIsNone(one["origin_request_policy_id"] or None)
                [origin] = [o for o in distribution["origin"] if o["origin_id"] == one["target_origin_id"]]
                self.assertTrue(origin["origin_shield"][0]["enabled"])

    def test_what_is_a_fans_own_is_not_kept_and_may_be_written(self):
        for stack in stacks():
            [distribution] = stack.all("aws_cloudfront_distribution")
            kept = {policy["id"] for policy in stack.all("aws_cloudfront_cache_policy")}
            for path in ("/v1/events/aurora-live/queue", "/v1/events/aurora-live/queue/me", "/v1/events/aurora-live/admission",
                         "/v1/events/aurora-live/stream", "/v1/orders", "/v1/session", "/basic/aurora-live/join",
                         "/v1/operator/session", "/v1/operator/events/aurora-live/audit"):
                one = behaviour(distribution, path)
                self.assertNotIn(one["cache_policy_id"], kept, path)
                self.assertIn("POST", one["allowed_methods"], path)
                self.assertTrue(one["origin_request_policy_id"], path)

    def test_the_canary_asks_for_what_is_never_kept(self):
        canary = (REPOSITORY / "infra/modules/canary/canary.py").read_text()
        [page] = re.findall(r'^PAGE = "([^"]+)"', canary, re.M)
        self.assertIn(page, PATHS)
        for stack in stacks():
            [distribution] = stack.all("aws_cloudfront_distribution")
            [disabled] = stack.all("aws_cloudfront_cache_policy", "module.frontend", mode="data")
            self.assertEqual(behaviour(distribution, page)["cache_policy_id"], disabled["id"])

    def test_services_see_cookies_and_the_protocol_of_the_browser(self):
        """Sessions of operators and fans' places without JavaScript are cookies; what is checked of them is in headers."""
        for stack in stacks():
            [distribution] = stack.all("aws_cloudfront_distribution")
            for path in ("/v1/operator/session", "/v1/operator/events/aurora-live/settings", "/basic/aurora-live", "/v1/orders"):
                one = behaviour(distribution, path)
                policy = stack.one("aws_cloudfront_origin_request_policy", id=one["origin_request_policy_id"])
                [headers] = policy["headers_config"]
                # All of the viewer's own, Origin, Sec-Fetch-Site and Accept-Language among them.
                self.assertEqual(headers["header_behavior"], "allViewerAndWhitelistCloudFront")
                self.assertEqual(headers["headers"][0]["items"], ["CloudFront-Forwarded-Proto"])
                self.assertEqual(policy["cookies_config"][0]["cookie_behavior"], "all")
                self.assertEqual(policy["query_strings_config"][0]["query_string_behavior"], "all")
                # Whose answers are never kept comes with its Set-Cookie, and nobody else's.
                [disabled] = stack.all("aws_cloudfront_cache_policy", "module.frontend", mode="data")
                self.assertEqual((disabled["name"], disabled["id"]), ("Managed-CachingDisabled", one["cache_policy_id"]))
                self.assertEqual(one["viewer_protocol_policy"], "redirect-to-https")

    def test_the_firewall_counts_joins_and_sign_ins_by_themselves(self):
        for stack in stacks():
            firewalls = stack.all("aws_wafv2_web_acl")
            self.assertEqual(len(firewalls), stack.name.startswith("prod"))
            for firewall in firewalls:
                counted = {}
                for rule in firewall["rule"]:
                    for rate in rule["statement"][0].get("rate_based_statement") or []:
                        parts = [part for narrowed in rate["scope_down_statement"] for part in narrowed["and_statement"][0]["statement"]]
                        counted[rule["name"]] = (int(rate["limit"]), {part["byte_match_statement"][0]["search_string"] for part in parts})
                        self.assertEqual(rule["action"][0]["block"][0]["custom_response"][0]["response_code"], 429)
                self.assertEqual(counted, {
                    "requests-of-one-address": (20000, set()),
                    "joins-of-one-address": (1000, {"POST", "/queue"}),
                    "sign-ins-of-one-address": (30, {"POST", "/v1/operator/session"}),
                })
                log = stack.one("aws_wafv2_web_acl_logging_configuration", resource_arn=firewall["arn"])
                hidden = {field["single_header"][0]["name"] for field in log["redacted_fields"]}
                self.assertEqual(hidden, {"authorization", "cookie", "x-operator-credential"})

    def test_the_operator_api_asks_for_an_aws_identity(self):
        for stack, region in in_regions():
            [api] = stack.all("aws_apigatewayv2_api", region)
            routes = stack.all("aws_apigatewayv2_route", region)
            self.assertEqual({route["route_key"] for route in routes}, {"ANY /v1/operator/{proxy+}", "GET /readyz"})
            for route in routes:
                self.assertEqual((route["api_id"], route["authorization_type"]), (api["id"], "AWS_IAM"))
            [integration] = stack.all("aws_apigatewayv2_integration", region)
            [listener] = stack.all("aws_lb_listener", region)
            self.assertEqual((integration["connection_type"], integration["integration_uri"]), ("VPC_LINK", listener["arn"]))

    def test_the_operator_s_credential_is_passed_on_as_it_comes(self):
        kit = (REPOSITORY / "waiting-room/kit/src/extract.rs").read_text()
        [header] = re.findall(r'OPERATOR_CREDENTIAL_HEADER: &str = "([^"]+)"', kit)
        # A load balancer that drops invalid names lets letters, digits and hyphens through.
        self.assertRegex(header, r"^[a-z0-9-]+$")
        for stack, region in in_regions():
            [integration] = stack.all("aws_apigatewayv2_integration", region)
            self.assertFalse(integration.get("request_parameters"))
            self.assertEqual(integration["integration_type"], "HTTP_PROXY")
            [stage] = stack.all("aws_apigatewayv2_stage", region)
            self.assertNotIn("header", stage["access_log_settings"][0]["format"])

    def test_the_bucket_is_read_by_the_distribution_alone(self):
        for stack in stacks():
            [distribution] = stack.all("aws_cloudfront_distribution")
            [policy] = stack.all("aws_s3_bucket_policy")
            allowed = [s for s in policy.json("policy")["Statement"] if s["Effect"] == "Allow"]
            self.assertEqual([s["Condition"] for s in allowed], [{"StringEquals": {"AWS:SourceArn": distribution["arn"]}}])
            for block in stack.all("aws_s3_bucket_public_access_block"):
                self.assertTrue(all(block[name] for name in (
                    "block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")))
            self.assertEqual(len(stack.all("aws_s3_bucket")), len(stack.all("aws_s3_bucket_public_access_block")))

    def test_the_whole_site_is_there_and_nothing_else(self):
        site = REPOSITORY / "cdn-site"
        there = {str(f.relative_to(site)) for f in site.rglob("*") if f.is_file()}
        wanted = {f for f in there if not f.startswith("tests/") and f not in ("README.md", "package.json")}
        for stack in stacks():
            objects = {o["key"]: o for o in stack.all("aws_s3_object", "module.frontend")}
            self.assertEqual(set(objects), wanted | {"site.json"})
            self.assertFalse([key for key, o in objects.items() if o["content_type"] == "application/octet-stream"])

    def test_the_pages_are_told_of_each_language_and_theme_that_there_is_a_file_of(self):
        site = REPOSITORY / "cdn-site"
        command = [REPOSITORY / "docker/site-contents", site]
        told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        self.assertEqual(set(told["languages"]), {f.stem for f in (site / "messages").glob("*.json")})
        self.assertEqual(told["themes"], sorted(f.stem for f in (site / "themes").glob("*.json")))
        for stack in stacks():
            self.assertEqual(stack.one("aws_s3_object", "module.frontend", key="site.json").json("content"), told)


if __name__ == "__main__":
    unittest.main()
