#!/usr/bin/env python3
"""What the stacks cost, as the tables of docs/report.md.

    infra/cost/cost.py STACKS      a folder with the applied states that infra/test writes (INFRA_STACKS)

What stands idle is counted in the states; what an on-sale uses up is the planner's figure (on-sale-hour.json says which
plan); prices.json has the prices and where each is from.
"""

import json
import math
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))
MONTH = 730
PRICES = json.loads((HERE / "prices.json").read_text())["prices"]
PLAN = json.loads((HERE / "on-sale-hour.json").read_text())
FANS, RATE = (int(re.search(rf"--{name} (\d+)", PLAN["plan"]).group(1)) for name in ("fans", "rate"))
# What nobody counts before: a task and minute asks its queues so often, and Container Insights keeps so many metrics of each.
QUEUE_REQUESTS_A_MINUTE = 20
METRICS_A_SERVICE, METRICS_A_REGION = 10, 10
# Requests of this many kinds reach the services, so in two regions a function chooses one for them.
TO_THE_SERVICES = ("board_requests", "event_requests")


def price(name):
    return PRICES[name]["usd"]


def tasks(stack, region):
    """Each service's task: (vCPU, GB, smallest number of tasks)."""
    size = {task["family"].split("-", 2)[2]: (int(task["cpu"]) / 1024, int(task["memory"]) / 1024)
            for task in stack.all("aws_ecs_task_definition", region)}
    least = {target["resource_id"].rsplit("/", 1)[1]: int(target["min_capacity"])
             for target in stack.all("aws_appautoscaling_target", region)}
    return {name: (*size[name], least[name]) for name in size}


def task_hour(vcpu, gb):
    return vcpu * price("fargate_vcpu_hour") + gb * price("fargate_gb_hour")


def cache_nodes(stack):
    return [(cache["node_type"], int(cache["num_cache_clusters"])) for cache in stack.all("aws_elasticache_replication_group")]


def idle(stack):
    """Dollars a month, by what for, while nobody comes."""
    on_spot = any(s["capacity_provider"] == "FARGATE_SPOT" for service in stack.all("aws_ecs_service")
                  for s in service["capacity_provider_strategy"])
    share = price("fargate_spot_share") if on_spot else 1
    running = [task for region in stack.regions for task in tasks(stack, region).values()]
    count = sum(least for _, _, least in running)
    ends = sum(len(endpoint["subnet_ids"]) for endpoint in stack.all("aws_vpc_endpoint")
               if endpoint["vpc_endpoint_type"] == "Interface")
    secrets = stack.all("aws_secretsmanager_secret")
    firewall = [len(acl["rule"]) for acl in stack.all("aws_wafv2_web_acl")]
    metrics = len(stack.all("aws_ecs_service")) * METRICS_A_SERVICE + len(stack.regions) * METRICS_A_REGION
    polls = count * QUEUE_REQUESTS_A_MINUTE * 60 * MONTH / 1e6
    return {
        "tasks": share * MONTH * sum(task_hour(vcpu, gb) * least for vcpu, gb, least in running),
        "NAT gateways and their addresses": MONTH * len(stack.all("aws_nat_gateway")) * (price("nat_hour") + price("address_hour")),
        "interface endpoints": MONTH * ends * price("endpoint_hour"),
        "queue store": MONTH * sum(price(kind) * nodes for kind, nodes in cache_nodes(stack)),
        "load balancers": MONTH * len(stack.all("aws_lb")) * price("balancer_hour"),
        "keys, secrets, alarms, metrics, polls": (
            len(stack.all("aws_kms_key")) * price("kms_key_month")
            + sum(1 + len(secret.get("replica") or []) for secret in secrets) * price("secret_month")
            + len(stack.all("aws_cloudwatch_metric_alarm")) * price("alarm_month")
            + len(stack.all("aws_cloudwatch_composite_alarm")) * price("composite_alarm_month")
            + len(stack.all("aws_cloudwatch_dashboard")) * price("dashboard_month")
            + metrics * price("metric_month") + polls * price("queue_million")),
        "firewall": sum(price("waf_acl_month") + rules * price("waf_rule_month") for rules in firewall),
    }


def ready(stack, fans, rate):
    """Tasks that live/capacity.tf holds ready for an on-sale."""
    measured, assumed = stack.outputs["capacity"]["benchmark"], stack.outputs["capacity"]["assumed"]
    size = tasks(stack, stack.regions[0])

    def count(a_second, vcpus, a_vcpu):
        return math.ceil(a_second / (a_vcpu * vcpus * assumed["aim"]))

    return {
        "waiting-room": count(fans * assumed["first_minute_share"] / 60, size["waiting-room"][0],
                              measured["waiting_room_joins_per_second"]),
        "checkout": count(rate / 60, size["checkout"][0], measured["checkout_orders_per_second"]),
        "fulfilment": count(rate / 60, 1, measured["fulfilment_orders_per_second"]),
    }


def reserved_units(stack):
    """Load balancer units that stand ready around an on-sale, in all regions."""
    calls = [json.loads(schedule["target"][0]["input"]) for schedule in stack.all("aws_scheduler_schedule")]
    return sum(call["MinimumLoadBalancerCapacity"]["CapacityUnits"] for call in calls if "MinimumLoadBalancerCapacity" in call)


def on_sale(stack):
    """Dollars for the plan's on-sale, by what for, besides what stands idle anyway."""
    used = {name: amount / 1e6 for name, amount in PLAN["used"].items()}
    regions = len(stack.regions)
    sizes, more = tasks(stack, stack.regions[0]), ready(stack, FANS, RATE)
    # Tasks from half an hour before to four hours after, the load balancer's capacity from three hours before that.
    extra = sum(max(0, more[name] - least) * task_hour(vcpu, gb) for name, (vcpu, gb, least) in sizes.items())
    to_services = sum(used[name] for name in TO_THE_SERVICES)
    return {
        "CloudFront, requests": used["cdn_requests"] * price("cdn_million"),
        "CloudFront, data": PLAN["used"]["gb_out"] * price("cdn_gb"),
        "firewall, by the request": used["cdn_requests"] * price("waf_million"),
        "CloudFront functions": (used["cdn_requests"] - to_services) * price("cdn_function_million")
        + (regions > 1) * to_services * (price("cdn_function_million") + price("cdn_value_million")),
        "load balancers, 500 units each for 7.5 h": reserved_units(stack) * 7.5 * price("capacity_unit_hour"),
        "orders: DynamoDB, SQS": used["dynamodb_writes"] * regions * price("table_write_million")
        + used["dynamodb_reads"] * price("table_read_million") + used["sqs_requests"] * price("queue_million"),
        "more tasks for 4.5 h": extra * 4.5,
    }


def polling():
    """Dollars for the boards of a million fans who wait for an hour."""
    size = PLAN["used"]["board_gb_out"] / PLAN["used"]["board_requests"]
    fans = 1e6

    def row(seconds, million, gb):
        requests = fans * 3600 / seconds
        return requests / 1e6 * million + requests * size * gb

    cdn = (price("cdn_million"), price("cdn_gb"))
    return {
        "every 10 s, CloudFront": row(10, *cdn),
        "by distance, 30 s on average, CloudFront": row(30, *cdn),
        "by distance, with the firewall on boards": row(30, cdn[0] + price("waf_million"), cdn[1]),
        "every 10 s, not cached: API Gateway and WAF": row(10, price("api_million") + price("waf_million"), price("out_gb")),
    }


def table(head, columns, names):
    """Rows of what for, with a column for each name, and their sum."""
    lines = [f"| {head} | " + " | ".join(names) + " |", "|---|" + "--:|" * len(names)]
    rows = {what: [column[what] for column in columns] for what in columns[0]}
    rows["**in all**"] = [sum(column.values()) for column in columns]
    for what, amounts in rows.items():
        lines.append(f"| {what} | " + " | ".join(f"{amount:,.0f}" for amount in amounts) + " |")
    return "\n".join(lines)


def tables(stacks):
    shown = {"dev": "dev", "dev-failover": "dev, two regions", "prod": "prod", "prod-failover": "prod, two regions"}
    large = ("prod", "prod-failover")
    boards = polling()
    return "\n\n".join([
        table("idle, USD a month", [idle(stacks[name]) for name in shown], shown.values()),
        table("one on-sale of a million fans, USD", [on_sale(stacks[name]) for name in large], [shown[name] for name in large]),
        "\n".join(["| boards of a million fans who wait an hour, USD | |", "|---|--:|"]
                  + [f"| {what} | {amount:,.0f} |" for what, amount in boards.items()]),
    ])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    os.environ["INFRA_STACKS"] = sys.argv[1]
    import stack
    print(tables({one.name: one for one in stack.stacks()}))


if __name__ == "__main__":
    main()
