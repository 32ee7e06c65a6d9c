"""The second region, and the button."""

import json
import re
import unittest

from stack import REPOSITORY, load

TWO = ("dev-failover", "prod-failover")
STEPS = [
    "Approve", "RegionIsThere", "ReadControl", "Fence", "RaiseWaitingRoom", "RaiseCheckout", "RaiseFulfilment", "RegionAnswers",
    "SendFansHere", "SiteAnswers", "HandOver", "Admit25Percent", "WaitAfter25Percent", "Admit50Percent", "WaitAfter50Percent", "Admit100Percent",
]


def documents(stack):
    return {d["region"]: d.json("content") for d in stack.all("aws_ssm_document")}


def steps(document):
    return {step["name"]: step for step in document["mainSteps"]}


class OneRegion(unittest.TestCase):
    def test_without_failover_there_is_one_region_and_no_button(self):
        for name in ("dev", "prod"):
            stack = load(name)
            used = {r.get("region") for r in stack.resources if r.mode == "managed" and r.get("region")}
            # CloudFront's firewall and its log.
            self.assertLessEqual(used, {"eu-west-1", "us-east-1"})
            self.assertFalse(stack.all("aws_ssm_document") + stack.all("aws_cloudfront_key_value_store"))
            for table in stack.all("aws_dynamodb_table"):
                self.assertFalse(table["replica"] or table["global_table_witness"])


class TwoRegions(unittest.TestCase):
    def test_orders_and_audit_log_are_strongly_consistent_in_both_regions(self):
        for stack in map(load, TWO):
            for kind in ("orders", "audit"):
                [table] = [t for t in stack.all("aws_dynamodb_table") if t["name"].endswith("-" + kind)]
                self.assertEqual([(r["region_name"], r["consistency_mode"]) for r in table["replica"]], [("eu-central-1", "STRONG")])
                self.assertEqual([w["region_name"] for w in table["global_table_witness"]], ["eu-west-3"])

    def test_the_control_item_begins_with_the_primary_region(self):
        for stack in map(load, TWO):
            control = stack.one("aws_dynamodb_table_item", hash_key="pk")
            self.assertEqual(control.json("item"), {
                "pk": {"S": "control#region"}, "active": {"S": "eu-west-1"}, "epoch": {"N": "1"}, "admission_percent": {"N": "100"}})

    def test_keys_and_credentials_are_in_both_regions(self):
        for stack in map(load, TWO):
            self.assertEqual({s.key for s in stack.all("aws_secretsmanager_secret", "module.secrets")}, {"keys", "operator", "viewer"})
            for secret in stack.all("aws_secretsmanager_secret", "module.secrets"):
                [replica] = secret["replica"]
                [key] = stack.all("aws_kms_key", "module.secondary")
                self.assertEqual((replica["region"], replica["kms_key_id"]), ("eu-central-1", key["arn"]))

    def test_images_are_in_both_regions(self):
        for stack in map(load, TWO):
            found = {(r["region"], r["name"].split("/")[1]) for r in stack.all("aws_ecr_repository")}
            self.assertEqual(len(found), 6)

    def test_fans_are_sent_by_a_function_at_every_route_of_the_services(self):
        for stack in map(load, TWO):
            [distribution] = stack.all("aws_cloudfront_distribution")
            functions = {f["arn"]: f for f in stack.all("aws_cloudfront_function")}
            [store] = stack.all("aws_cloudfront_key_value_store")
            origins = {origin["origin_id"] for origin in distribution["origin"]}
            for behaviour in distribution["ordered_cache_behavior"]:
                [association] = behaviour["function_association"]
                function = functions[association["function_arn"]]
                self.assertEqual(association["event_type"], "viewer-request")
                self.assertEqual(list(function["key_value_store_associations"]), [store["arn"]])
                kind = behaviour["target_origin_id"].split("-")[0]
                for region in ("eu-west-1", "eu-central-1"):
                    self.assertIn(f'"{kind}-{region}"', function["code"])
                    self.assertIn(f"{kind}-{region}", origins)

    def test_both_regions_watch_each_other(self):
        for stack in map(load, TWO):
            for region, home, peer in zip(stack.regions, ("eu-west-1", "eu-central-1"), ("eu-central-1", "eu-west-1")):
                [canary] = stack.all("aws_lambda_function", region + "module.canary")
                told = canary["environment"][0]["variables"]
                self.assertEqual((canary["region"], told["PEER"], told["SITE"]), (home, peer, stack.outputs["site_url"]))
                alarm = stack.one("aws_cloudwatch_composite_alarm", region)
                self.assertEqual(alarm["region"], home)
                names = {a["alarm_name"] for a in stack.all("aws_cloudwatch_metric_alarm", region)}
                for part in alarm["alarm_rule"].split(" AND "):
                    self.assertIn(part.removeprefix('ALARM("').removesuffix('")'), names)
                [silent] = [a for a in stack.all("aws_cloudwatch_metric_alarm", region) if a["alarm_name"].endswith("-peer-silent")]
                self.assertEqual((silent["metric_name"], silent["threshold"]), ("PeerHeartbeatAgeSeconds", 90))
                [down] = [a for a in stack.all("aws_cloudwatch_metric_alarm", region) if a["alarm_name"].endswith("-site-down")]
                self.assertEqual(down["period"] * down["evaluation_periods"], 180)
                self.assertEqual(down["treat_missing_data"], "breaching")


class Button(unittest.TestCase):
    def test_each_region_has_one_with_the_steps_in_this_order(self):
        for stack in map(load, TWO):
            found = documents(stack)
            self.assertEqual(set(found), {"eu-west-1", "eu-central-1"})
            for document in found.values():
                self.assertEqual([step["name"] for step in document["mainSteps"]], STEPS)

    def test_nothing_happens_before_somebody_approves(self):
        for stack in map(load, TWO):
            for region, document in documents(stack).items():
                approve = steps(document)["Approve"]
                self.assertEqual((approve["action"], approve["onFailure"]), ("aws:approve", "Abort"))
                self.assertEqual(approve["inputs"]["Approvers"], ["arn:aws:iam::123456789012:role/on-call"])
                self.assertIn(f":{region}:", approve["inputs"]["NotificationArn"])

    def test_the_fence_takes_the_next_epoch_once_and_admits_nobody(self):
        for stack in map(load, TWO):
            for region, document in documents(stack).items():
                fence = steps(document)["Fence"]["inputs"]
                self.assertEqual(fence["Key"], {"pk": {"S": "control#region"}})
                self.assertEqual(fence["ConditionExpression"], "epoch = :epoch")
                self.assertEqual(fence["UpdateExpression"], "SET active = :region, epoch = epoch + :one, admission_percent = :none")
                self.assertEqual(fence["ExpressionAttributeValues"], {
                    ":region": {"S": region}, ":epoch": {"N": "{{ ReadControl.Epoch }}"}, ":one": {"N": "1"}, ":none": {"N": "0"}})

    def test_fans_come_only_to_a_region_that_answers(self):
        for stack in map(load, TWO):
            for document in documents(stack).values():
                for name, expected in (("RegionIsThere", ["RegionReady"]), ("RegionAnswers", ["RegionReady"]), ("SiteAnswers", ["SiteUp", "RegionReady"])):
                    step = steps(document)[name]
                    self.assertEqual(json.loads(step["inputs"]["Payload"]), {"expect": expected})
                    self.assertEqual(step["onFailure"], "Abort")

    def test_nobody_is_admitted_before_the_other_region_has_certainly_stopped(self):
        rust = (REPOSITORY / "waiting-room/region/src/lib.rs").read_text()
        seconds = int(re.search(r"pub const HANDOVER: Duration = Duration::from_secs\((\d+)\)", rust).group(1))
        for stack in map(load, TWO):
            for document in documents(stack).values():
                step = steps(document)["HandOver"]
                self.assertEqual((step["action"], step["inputs"]), ("aws:sleep", {"Duration": f"PT{seconds}S"}))

    def test_admission_comes_back_in_steps_and_only_in_its_epoch(self):
        for stack in map(load, TWO):
            for region, document in documents(stack).items():
                for percent in (25, 50, 100):
                    step = steps(document)[f"Admit{percent}Percent"]["inputs"]
                    self.assertEqual(step["ConditionExpression"], "active = :region AND epoch = :epoch")
                    self.assertEqual(step["ExpressionAttributeValues"], {
                        ":region": {"S": region}, ":epoch": {"N": "{{ Fence.Epoch }}"}, ":percent": {"N": str(percent)}})

    def test_the_region_that_takes_over_has_an_active_ones_tasks(self):
        for stack in map(load, TWO):
            ready = stack.outputs["capacity"]["ready"]["aurora-live"]
            low = 3 if stack.name.startswith("prod") else 1
            for region, document in documents(stack).items():
                for service, name in (("waiting_room", "WaitingRoom"), ("checkout", "Checkout"), ("fulfilment", "Fulfilment")):
                    inputs = steps(document)[f"Raise{name}"]["inputs"]
                    self.assertEqual(inputs["MinCapacity"], max(low, ready[service]))
                    [target] = [t for t in stack.all("aws_appautoscaling_target")
                                if t["resource_id"] == inputs["ResourceId"] and t["region"] == region]
                    self.assertGreaterEqual(target["max_capacity"], inputs["MinCapacity"], service)

    def test_it_fits_the_budget(self):
        """Detect 3, approve 2, execute 3 minutes: what the document waits for by itself is under three."""
        for stack in map(load, TWO):
            for document in documents(stack).values():
                waits = [step["inputs"]["Duration"] for step in document["mainSteps"] if step["action"] == "aws:sleep"]
                self.assertLessEqual(sum(int(wait.removeprefix("PT").removesuffix("S")) for wait in waits), 100)

    def test_its_role_touches_the_control_item_alone(self):
        for stack in map(load, TWO):
            for policy in stack.all("aws_iam_role_policy", "module.failover"):
                for statement in policy.json("policy")["Statement"]:
                    if any(action.startswith("dynamodb:") for action in statement["Action"]):
                        self.assertEqual(statement["Condition"],
                                         {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["control#region"]}}, policy)
            for policy in stack.all("aws_iam_role_policy", "module."):
                if "module.canary" not in policy.address:
                    continue
                for statement in policy.json("policy")["Statement"]:
                    if any(action.startswith("dynamodb:") for action in statement["Action"]):
                        self.assertEqual(statement["Condition"],
                                         {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["heartbeat#*"]}})


if __name__ == "__main__":
    unittest.main()
