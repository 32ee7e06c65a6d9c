"""How tasks run, and by what their number moves."""

import json
import math
import re
import unittest

from stack import REPOSITORY, container, in_regions, load, tasks


RUST = "".join(path.read_text() for top in ("waiting-room", "checkout") for path in (REPOSITORY / top).rglob("*.rs")
               if "target" not in path.parts)


def scaling(stack, region, service, kind):
    return [policy for policy in stack.all("aws_appautoscaling_policy", region)
            if policy["resource_id"].endswith("/" + service) and policy["policy_type"] == kind]


def tracking(stack, region, service):
    [policy] = scaling(stack, region, service, "TargetTrackingScaling")
    [configuration] = policy["target_tracking_scaling_policy_configuration"]
    return configuration


def step_alarm(stack, region, service):
    [policy] = scaling(stack, region, service, "StepScaling")
    [alarm] = [alarm for alarm in stack.all("aws_cloudwatch_metric_alarm", region) if alarm["alarm_actions"] == [policy["arn"]]]
    [step] = policy["step_scaling_policy_configuration"][0]["step_adjustment"]
    assert float(step["metric_interval_lower_bound"]) == 0 and step["scaling_adjustment"] > 0
    return alarm


def image_probe():
    """How docker/Dockerfile has a container asked whether it is alive."""
    text = (REPOSITORY / "docker/Dockerfile").read_text().replace("\\\n", "")
    return json.loads(re.search(r"^HEALTHCHECK .*?CMD (\[.*\])$", text, re.M).group(1))


class Tasks(unittest.TestCase):
    def test_a_container_can_change_nothing_but_what_it_serves(self):
        for stack, region in in_regions():
            found = tasks(stack, region)
            self.assertEqual(set(found), {"waiting-room", "checkout", "fulfilment"})
            for name, one in found.items():
                self.assertTrue(one["readonlyRootFilesystem"], name)
                self.assertEqual(one["user"], "10001")
                self.assertEqual(one["linuxParameters"]["capabilities"], {"drop": ["ALL"]})
                self.assertEqual([port["containerPort"] for port in one["portMappings"]], [8080])
                self.assertEqual(one["healthCheck"]["command"], ["CMD", *image_probe()])

    def test_an_image_is_named_by_a_hash_in_a_repository_whose_tags_never_move(self):
        for stack, region in in_regions():
            home = stack.all("aws_vpc", region)[0]["region"]
            repositories = {r["repository_url"]: r for r in stack.all("aws_ecr_repository")}
            for name, one in tasks(stack, region).items():
                repository, tag = one["image"].rsplit(":", 1)
                self.assertRegex(tag, r"^[0-9a-f]{16}$")
                self.assertIn(f".{home}.", repository)
                self.assertTrue(repository.endswith(f"{stack.outputs['name']}/{name}"), repository)
                self.assertEqual(repositories[repository]["image_tag_mutability"], "IMMUTABLE")

    def test_a_bad_deployment_goes_back(self):
        for stack, region in in_regions():
            for service in stack.all("aws_ecs_service", region):
                self.assertEqual(service["deployment_circuit_breaker"], [{"enable": True, "rollback": True}])
                self.assertEqual(service["deployment_minimum_healthy_percent"], 100)
                self.assertFalse(service["enable_execute_command"])

    def test_logs_never_hold_a_task_up_and_are_kept_for_a_time(self):
        for stack, region in in_regions():
            groups = {group["name"]: group for group in stack.all("aws_cloudwatch_log_group", region)}
            for one in tasks(stack, region).values():
                options = one["logConfiguration"]["options"]
                self.assertEqual(options["mode"], "non-blocking")
                self.assertIn(options["awslogs-group"], groups)
            for group in groups.values():
                self.assertGreater(group["retention_in_days"], 0, group)
                self.assertTrue(group["kms_key_id"], group)


class Scaling(unittest.TestCase):
    def test_waiting_room_follows_requests_of_its_own_target_group(self):
        for stack, region in in_regions():
            configuration = tracking(stack, region, "waiting-room")
            [metric] = configuration["predefined_metric_specification"]
            [balancer] = stack.all("aws_lb", region)
            [group] = [g for g in stack.all("aws_lb_target_group", region) if g.key == "waiting_room"]
            self.assertEqual(metric["predefined_metric_type"], "ALBRequestCountPerTarget")
            self.assertEqual(metric["resource_label"], f"{balancer['arn_suffix']}/{group['arn_suffix']}")
            self.assertFalse(scaling(stack, region, "waiting-room", "StepScaling"))

    def test_checkout_follows_its_cpu_and_steps_on_slow_answers(self):
        for stack, region in in_regions():
            configuration = tracking(stack, region, "checkout")
            [metric] = configuration["predefined_metric_specification"]
            self.assertEqual((metric["predefined_metric_type"], configuration["target_value"]), ("ECSServiceAverageCPUUtilization", 55))
            alarm = step_alarm(stack, region, "checkout")
            [group] = [g for g in stack.all("aws_lb_target_group", region) if g.key == "checkout"]
            self.assertEqual((alarm["metric_name"], alarm["extended_statistic"]), ("TargetResponseTime", "p95"))
            self.assertEqual(alarm["dimensions"]["TargetGroup"], group["arn_suffix"])

    def test_fulfilment_follows_the_backlog_a_task_and_steps_on_the_oldest_order(self):
        for stack, region in in_regions():
            [orders] = [queue["name"] for queue in stack.all("aws_sqs_queue", region) if queue.key == "orders"]
            [metric] = tracking(stack, region, "fulfilment")["customized_metric_specification"]
            queries = {query["id"]: query for query in metric["metrics"]}
            self.assertEqual(queries["backlog"]["expression"], "(visible + in_hand) / IF(tasks > 0, tasks, 1)")
            self.assertEqual([name for name, query in queries.items() if query["return_data"]], ["backlog"])
            measured = {}
            for name in ("visible", "in_hand", "tasks"):
                [one] = queries[name]["metric_stat"][0]["metric"]
                measured[name] = (one["metric_name"], {d["name"]: d["value"] for d in one["dimensions"]})
            cluster = stack.all("aws_ecs_cluster", region)[0]["name"]
            self.assertEqual(measured, {
                "visible": ("ApproximateNumberOfMessagesVisible", {"QueueName": orders}),
                "in_hand": ("ApproximateNumberOfMessagesNotVisible", {"QueueName": orders}),
                "tasks": ("RunningTaskCount", {"ClusterName": cluster, "ServiceName": "fulfilment"}),
            })
            alarm = step_alarm(stack, region, "fulfilment")
            self.assertEqual((alarm["metric_name"], alarm["dimensions"]), ("ApproximateAgeOfOldestMessage", {"QueueName": orders}))

    def test_running_tasks_are_counted(self):
        for stack, region in in_regions():
            [cluster] = stack.all("aws_ecs_cluster", region)
            self.assertEqual(cluster["setting"], [{"name": "containerInsights", "value": "enabled"}])

    def test_the_smallest_numbers(self):
        for stack, region in in_regions():
            low = 3 if stack.name.startswith("prod") else 1
            standby = "secondary" in region
            for target in stack.all("aws_appautoscaling_target", region):
                service = target["resource_id"].rsplit("/", 1)[1]
                wanted = (0 if service == "fulfilment" else 1) if standby else low
                self.assertEqual(target["min_capacity"], wanted, target["resource_id"])
                self.assertGreaterEqual(target["max_capacity"], 2)

    def test_targets_are_half_of_what_was_measured(self):
        for stack, region in in_regions():
            [task] = [t for t in stack.all("aws_ecs_task_definition", region) if t["family"].endswith("-waiting-room")]
            full = stack.outputs["capacity"]["benchmark"]["waiting_room_requests_per_second"] * int(task["cpu"]) / 1024 * 60
            self.assertEqual(tracking(stack, region, "waiting-room")["target_value"], math.floor(full * 0.5))
            self.assertEqual(container(task)["name"], "waiting-room")

    def test_tasks_stand_ready_half_an_hour_before_an_on_sale_and_leave_after_it(self):
        for name in ("dev", "prod"):
            stack = load(name)
            ready = stack.outputs["capacity"]["ready"]["aurora-live"]
            for action in stack.all("aws_appautoscaling_scheduled_action"):
                service = action["resource_id"].rsplit("/", 1)[1]
                [target] = [t for t in stack.all("aws_appautoscaling_target") if t["resource_id"] == action["resource_id"]]
                [change] = action["scalable_target_action"]
                low = int(change["min_capacity"])
                if action["name"].endswith("-raise"):
                    self.assertEqual(action["schedule"], "at(2099-03-01T09:30:00)")
                    self.assertEqual(low, max(ready[service.replace("-", "_")], target["min_capacity"]))
                else:
                    self.assertEqual(action["schedule"], "at(2099-03-01T14:00:00)")
                    self.assertEqual(low, target["min_capacity"])
            self.assertEqual(len(stack.all("aws_appautoscaling_scheduled_action")), 6)

    def test_the_load_balancer_has_capacity_around_an_on_sale_and_pays_for_none_between(self):
        for stack, region in in_regions():
            [balancer] = stack.all("aws_lb", region)
            self.assertFalse(balancer.get("minimum_load_balancer_capacity"))
            found = {}
            for schedule in stack.all("aws_scheduler_schedule", region + "module.load_balancer"):
                [target] = schedule["target"]
                self.assertEqual(target["arn"], "arn:aws:scheduler:::aws-sdk:elasticloadbalancingv2:modifyCapacityReservation")
                found[schedule["schedule_expression"]] = json.loads(target["input"])
            if stack.name.startswith("prod"):
                self.assertEqual(found, {
                    "at(2099-03-01T06:30:00)": {"LoadBalancerArn": balancer["arn"],
                                                "MinimumLoadBalancerCapacity": {"CapacityUnits": 500}},
                    "at(2099-03-01T14:00:00)": {"LoadBalancerArn": balancer["arn"], "ResetCapacityReservation": True},
                })
            else:
                self.assertEqual(found, {})

    def test_a_large_on_sale_finds_more_tasks_than_a_quiet_day(self):
        ready = load("prod").outputs["capacity"]["ready"]["aurora-live"]
        minimum = {target["resource_id"].rsplit("/", 1)[1].replace("-", "_"): target["min_capacity"]
                   for target in load("prod").all("aws_appautoscaling_target")}
        self.assertTrue(any(ready[name] > minimum[name] for name in ready), (ready, minimum))


class Alarms(unittest.TestCase):
    def test_somebody_is_told(self):
        for stack, region in in_regions():
            [topic] = stack.all("aws_sns_topic", region)
            steps = {policy["arn"] for policy in stack.all("aws_appautoscaling_policy", region)}
            for alarm in stack.all("aws_cloudwatch_metric_alarm", region):
                if alarm["alarm_name"].endswith("-peer-silent") or steps.intersection(alarm["alarm_actions"]):
                    continue
                self.assertEqual(alarm["alarm_actions"], [topic["arn"]], alarm)

    def test_an_entry_that_the_audit_log_lacks_is_heard_of(self):
        for stack, region in in_regions():
            filters = [f for f in stack.all("aws_cloudwatch_log_metric_filter", region) if f["name"].endswith("-audit-failures")]
            groups = {one["logConfiguration"]["options"]["awslogs-group"] for name, one in tasks(stack, region).items()
                      if name in ("waiting-room", "checkout")}
            self.assertEqual({f["log_group_name"] for f in filters}, groups)
            alarm = stack.one("aws_cloudwatch_metric_alarm", region, alarm_name=f"{stack.outputs['name']}-audit-log")
            for one in filters:
                [metric] = one["metric_transformation"]
                self.assertEqual((metric["namespace"], metric["name"]), (alarm["namespace"], alarm["metric_name"]))
                self.assertTrue(one["pattern"].strip('"') in RUST, f"no program logs {one['pattern']}")

    def test_dimensions_are_those_of_the_stack(self):
        for stack, region in in_regions():
            known = {queue["name"] for queue in stack.all("aws_sqs_queue", region)}
            known |= {table["name"] for table in stack.all("aws_dynamodb_table")}
            known |= {thing["arn_suffix"] for kind in ("aws_lb", "aws_lb_target_group") for thing in stack.all(kind, region)}
            known |= {api["id"] for api in stack.all("aws_apigatewayv2_api", region)}
            for group in stack.all("aws_elasticache_replication_group", region):
                known |= {f"{group['replication_group_id']}-{n + 1:03}" for n in range(int(group["num_cache_clusters"]))}
            for alarm in stack.all("aws_cloudwatch_metric_alarm", region):
                for name, value in (alarm["dimensions"] or {}).items():
                    self.assertIn(value, known, f"{alarm}: {name}")

    def test_the_dashboard_shows_every_service_and_queue(self):
        for stack, region in in_regions():
            [dashboard] = stack.all("aws_cloudwatch_dashboard", region)
            text = json.dumps(dashboard.json("dashboard_body"))
            for queue in stack.all("aws_sqs_queue", region):
                self.assertIn(f'"{queue["name"]}"', text)
            for service in stack.all("aws_ecs_service", region):
                self.assertIn(f'"{service["name"]}"', text)


if __name__ == "__main__":
    unittest.main()
