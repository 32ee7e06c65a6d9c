"""Tables and queues are as the programs make them for themselves, events as they write them; no secret is left in a state."""

import re
import unittest

from stack import INFRA, REPOSITORY, in_regions, stacks

SCHEMA = (REPOSITORY / "checkout/src/aws/order_store/schema.rs").read_text()
ITEM = (REPOSITORY / "waiting-room/catalogue/src/dynamodb/item.rs").read_text()
QUEUES = (REPOSITORY / "checkout/src/aws/order_queue/queues.rs").read_text()


def constant(name):
    return re.search(rf'const {name}: &str = "([^"]+)"', SCHEMA).group(1)


def table(stack, kind):
    [found] = [t for t in stack.all("aws_dynamodb_table") if t["name"].endswith("-" + kind)]
    return found


class Tables(unittest.TestCase):
    def test_the_orders_table_has_the_programs_keys_and_index(self):
        for stack in stacks():
            orders = table(stack, "orders")
            self.assertEqual((orders["hash_key"], orders.get("range_key")), (constant("PK"), None))
            [index] = orders["global_secondary_index"]
            self.assertEqual((index["name"], index["hash_key"], index["range_key"]),
                             (constant("INDEX"), constant("SWEEP"), constant("SWEEP_AT")))
            self.assertEqual((index["projection_type"], set(index["non_key_attributes"])),
                             ("INCLUDE", {constant("EVENT"), constant("TICKET")}))
            self.assertEqual({a["name"]: a["type"] for a in orders["attribute"]},
                             {constant(name): "S" for name in ("PK", "SWEEP", "SWEEP_AT")})
            self.assertEqual(orders["billing_mode"], "PAY_PER_REQUEST")
            # What a table with multi-Region strong consistency can't have.
            self.assertFalse(orders.get("local_secondary_index") or [t for t in orders.get("ttl") or [] if t["enabled"]])

    def test_the_audit_log_is_kept_under_a_key_of_ours(self):
        for stack in stacks():
            audit = table(stack, "audit")
            self.assertEqual((audit["hash_key"], audit["range_key"]), ("pk", "sk"))
            self.assertEqual({a["name"]: a["type"] for a in audit["attribute"]}, {"pk": "S", "sk": "S"})
            self.assertEqual(audit["billing_mode"], "PAY_PER_REQUEST")
            self.assertFalse(audit.get("global_secondary_index") or audit.get("local_secondary_index"))
            keys = {region: stack.all("aws_kms_key", region)[0] for region in stack.regions}
            found = [audit["server_side_encryption"][0]["kms_key_arn"], *(r["kms_key_arn"] for r in audit["replica"] or [])]
            self.assertEqual(found, [key["arn"] for key in keys.values()])

    def test_tables_are_protected_where_production_asks_for_it(self):
        source = (INFRA / "modules/database/main.tf").read_text()
        for block in re.split(r'^resource "aws_dynamodb_table" ', source, flags=re.M)[1:]:
            block = block.split("\nresource ")[0]
            self.assertEqual(block.count("deletion_protection_enabled = var.protect"), 2, block.split()[0])

    def test_an_events_item_has_what_the_programs_write(self):
        written = ITEM[ITEM.index("pub(super) fn of("):ITEM.index("fn of_offer")]
        always = set(re.findall(r'\("(\w+)", (?:text|number|AttributeValue)', written))
        always |= {"event", "position", "on_sale_at"}
        optional = set(re.findall(r'\("(\w+)", (?:event|schedule)\.', ITEM))
        offer = set(re.findall(r'\("(\w+)", (?:text|number)\(', ITEM[ITEM.index("fn of_offer"):ITEM.index("fn map<")]))
        self.assertEqual(optional, {"venue", "starts_at", "closes_at", "checkout_url"})
        for stack in stacks():
            self.assertEqual(table(stack, "events")["hash_key"], "event")
            items = [i for i in stack.all("aws_dynamodb_table_item") if i["hash_key"] == "event"]
            self.assertTrue(items)
            for item in items:
                told = item.json("item")
                self.assertLessEqual(always, set(told))
                self.assertLessEqual(set(told), always | optional)
                for one in told["offer"]["L"]:
                    self.assertEqual(set(one["M"]), offer)
                numbers = {name for name, value in told.items() if "N" in value}
                self.assertEqual(numbers, {"position", "admission_rate_per_minute", "max_active_sessions", "session_seconds",
                                           "call_window_seconds"})

    def test_production_can_be_restored_and_is_not_deleted_by_mistake(self):
        for stack in stacks():
            for one in stack.all("aws_dynamodb_table"):
                self.assertTrue(one["point_in_time_recovery"][0]["enabled"])
                for replica in one["replica"] or []:
                    self.assertTrue(replica["point_in_time_recovery"])


class Queues(unittest.TestCase):
    def test_the_order_queue_is_as_patient_as_fulfilment(self):
        says = re.sub(r"\s*///\s*", " ", QUEUES)
        told = re.search(r"acknowledgement take \((\d+) s\).*?`maxReceiveCount` (\d+)\).*?\((\d+) days\)", says)
        visibility, receives, days = (int(group) for group in told.groups())
        for stack, region in in_regions():
            queues = {queue.key: queue for queue in stack.all("aws_sqs_queue", region)}
            self.assertEqual(queues["orders"]["visibility_timeout_seconds"], visibility)
            self.assertEqual(queues["dead_letters"]["message_retention_seconds"], days * 86400)
            [redrive] = stack.all("aws_sqs_queue_redrive_policy", region)
            self.assertEqual(redrive["queue_url"], queues["orders"]["url"])
            self.assertEqual(redrive.json("redrive_policy"),
                             {"deadLetterTargetArn": queues["dead_letters"]["arn"], "maxReceiveCount": receives})

    def test_no_queue_takes_what_is_not_encrypted(self):
        for stack, region in in_regions():
            policies = {policy["queue_url"]: policy.json("policy") for policy in stack.all("aws_sqs_queue_policy", region)}
            for queue in stack.all("aws_sqs_queue", region):
                [statement] = policies[queue["url"]]["Statement"]
                self.assertEqual(statement["Effect"], "Deny")
                self.assertEqual(statement["Condition"], {"Bool": {"aws:SecureTransport": "false"}})
                self.assertTrue(queue["sqs_managed_sse_enabled"])


class Settings(unittest.TestCase):
    def test_each_event_has_each_setting_in_each_region_as_plain_text(self):
        known = r'"(admission-rate-per-minute|max-active-sessions|mode|message)"'
        names = set(re.findall(known, all_sources("waiting-room/core/src")))
        self.assertEqual(len(names), 4)
        for stack, region in in_regions():
            parameters = stack.all("aws_ssm_parameter", region)
            self.assertEqual({p["name"] for p in parameters}, {f"/waiting-room/aurora-live/{name}" for name in names})
            self.assertEqual({p["type"] for p in parameters}, {"String"})
            self.assertFalse([p for p in parameters if not p["insecure_value"]])


def all_sources(folder):
    return "".join(path.read_text() for path in (REPOSITORY / folder).rglob("*.rs"))


class Secrets(unittest.TestCase):
    def test_no_state_holds_a_secret(self):
        """Nothing is kept of what is given to Secrets Manager, and nothing makes a password that is kept."""
        for stack in stacks():
            versions = stack.all("aws_secretsmanager_secret_version")
            # The operator's and the viewer's credential, and each cache's address.
            self.assertEqual(len(versions), 2 + len(stack.regions))
            for version in versions:
                for name in ("secret_string", "secret_binary", "secret_string_wo"):
                    self.assertFalse(version.get(name), f"{version}: {name}")
                self.assertEqual(version["secret_string_wo_version"], 1)
            for one in stack.resources:
                self.assertNotIn(one.type, ("random_password", "random_string", "tls_private_key", "aws_iam_access_key",
                                            "aws_ecr_authorization_token"), one)
            for user in stack.all("aws_elasticache_user"):
                self.assertFalse(user.get("passwords"))
                self.assertEqual([(m["type"], m.get("passwords") or []) for m in user["authentication_mode"]], [("iam", [])])
            for cache in stack.all("aws_elasticache_replication_group"):
                self.assertFalse(cache.get("auth_token"))
            self.assertNotRegex(stack.text, r"rediss?://[^\"]*:[^\"]*@")

    def test_a_task_never_has_a_secret_in_plain_text(self):
        for stack in stacks():
            for one in stack.all("aws_lambda_function"):
                for name, value in one["environment"][0]["variables"].items():
                    self.assertFalse(re.search("PASSWORD|CREDENTIAL|TOKEN", name), one)
                    self.assertNotIn("rediss://", value)

    def test_the_cache_is_encrypted_and_asks_for_a_password(self):
        for stack, region in in_regions():
            [cache] = stack.all("aws_elasticache_replication_group", region)
            self.assertTrue(cache["transit_encryption_enabled"] and cache["at_rest_encryption_enabled"])
            self.assertEqual(cache["transit_encryption_mode"], "required")
            self.assertTrue(cache["user_group_ids"])
            [invocation] = stack.all("aws_lambda_invocation", region + "module.cache")
            [function] = stack.all("aws_lambda_function", region + "module.cache")
            self.assertEqual(invocation["function_name"], function["function_name"])
            [user] = stack.all("aws_elasticache_user", region)
            self.assertEqual(function["environment"][0]["variables"]["USER"], user["user_id"])

    def test_nothing_is_evicted(self):
        for stack, region in in_regions():
            [parameters] = stack.all("aws_elasticache_parameter_group", region)
            self.assertEqual([(p["name"], p["value"]) for p in parameters["parameter"]], [("maxmemory-policy", "noeviction")])


if __name__ == "__main__":
    unittest.main()
