"""Each service may do what its code calls, and no more.

The calls are read in the Rust sources. Whose they are a reader has to say, once: CALLS names for each file and call the
programs that come by it, and the resource that it is about. A call that is not named there fails, and so does a name without
its call; what is named is then compared with the policies as they are applied.
"""

import re
import unittest

from stack import REPOSITORY, in_regions, listed, stacks

# Where the AWS SDK is used, so where to look.
SOURCES = [
    "checkout/src/aws", "waiting-room/catalogue/src/dynamodb.rs", "waiting-room/catalogue/src/dynamodb",
    "waiting-room/service/src/aws", "waiting-room/service/src/keys/secrets_manager.rs",
    "waiting-room/service/src/settings/ssm.rs", "waiting-room/service/src/settings/ssm", "waiting-room/cloud/src",
    "waiting-room/region/src", "waiting-room/audit/src",
]
SDKS = {"dynamodb", "sqs", "ssm", "secretsmanager"}
OPERATIONS = """
    batch_get_item batch_write_item create_table delete_item delete_table describe_table get_item put_item query scan
    transact_get_items transact_write_items update_item update_table
    change_message_visibility change_message_visibility_batch create_queue delete_message delete_message_batch delete_queue
    get_queue_attributes get_queue_url list_queues purge_queue receive_message send_message send_message_batch
    set_queue_attributes start_message_move_task
    delete_parameter delete_parameters get_parameter get_parameter_history get_parameters get_parameters_by_path
    label_parameter_version put_parameter
    create_secret delete_secret describe_secret get_random_password get_secret_value put_secret_value rotate_secret
    update_secret update_secret_version_stage
""".split()

ROOM, CHECKOUT, FULFILMENT = "waiting-room", "checkout", "fulfilment"
ALL = (ROOM, CHECKOUT, FULFILMENT)
# Who calls it (nobody where it is a command for a person, or what infra makes instead), and about what.
CALLS = {
    "checkout/src/aws/order_queue.rs": {
        "receive_message": [((FULFILMENT,), "orders queue")],
        "change_message_visibility": [((FULFILMENT,), "orders queue")],
        "delete_message_batch": [((FULFILMENT,), "orders queue"), ((CHECKOUT,), "dead letters")],
    },
    "checkout/src/aws/order_queue/dead_letters.rs": {
        "send_message": [((FULFILMENT,), "dead letters")],
        "receive_message": [((CHECKOUT,), "dead letters")],
        "change_message_visibility_batch": [((CHECKOUT,), "dead letters")],
    },
    "checkout/src/aws/order_queue/depth.rs": {"get_queue_attributes": [(ALL, "orders queue"), (ALL, "dead letters")]},
    "checkout/src/aws/order_queue/message.rs": {
        "send_message_batch": [((CHECKOUT, FULFILMENT), "orders queue"), ((CHECKOUT, FULFILMENT), "ended sessions")],
    },
    "checkout/src/aws/order_queue/queues.rs": {"get_queue_attributes": [(ALL, "orders queue")], "create_queue": []},
    "checkout/src/aws/order_store/orders.rs": {
        "put_item": [((CHECKOUT,), "orders table")],
        "delete_item": [((CHECKOUT, FULFILMENT), "orders table")],
        "update_item": [((FULFILMENT,), "orders table")],
    },
    "checkout/src/aws/order_store/schema.rs": {"create_table": [], "describe_table": []},
    "checkout/src/aws/order_store/sessions.rs": {
        "put_item": [(ALL, "orders table")],
        "query": [((FULFILMENT,), "sweep index")],
        "batch_write_item": [((FULFILMENT,), "orders table")],
    },
    "checkout/src/aws/order_store/sweep.rs": {
        "query": [((FULFILMENT,), "sweep index")],
        "batch_get_item": [((FULFILMENT,), "orders table")],
    },
    "checkout/src/aws/order_store/table.rs": {
        "get_item": [(ALL, "orders table")],
        "put_item": [((CHECKOUT, FULFILMENT), "orders table")],
    },
    "checkout/src/aws/order_store/tallies.rs": {"query": [((ROOM, CHECKOUT), "sweep index")]},
    "checkout/src/aws/session_gate.rs": {"get_queue_attributes": [((CHECKOUT, FULFILMENT), "ended sessions")]},
    "waiting-room/audit/src/dynamodb.rs": {
        "put_item": [((ROOM, CHECKOUT), "audit table")],
        "query": [((ROOM,), "audit table")],
        "create_table": [],
    },
    "waiting-room/catalogue/src/dynamodb.rs": {
        "scan": [(ALL, "events table")],
        "put_item": [], "delete_item": [], "create_table": [],
    },
    "waiting-room/cloud/src/waiting_room/commands.rs": {"create_queue": [], "create_table": []},
    "waiting-room/region/src/dynamodb.rs": {
        "get_item": [((ROOM, CHECKOUT), "orders table")],
        # The button, pressed by a person.
        "update_item": [],
    },
    "waiting-room/service/src/aws/ended_sessions.rs": {
        "receive_message": [((ROOM,), "ended sessions")],
        "delete_message_batch": [((ROOM,), "ended sessions")],
    },
    "waiting-room/service/src/keys/secrets_manager.rs": {
        "get_secret_value": [((ROOM,), "keys")],
        "put_secret_value": [((ROOM,), "keys")],
        "create_secret": [],
    },
    "waiting-room/service/src/settings/ssm/parameters.rs": {
        "get_parameters_by_path": [((ROOM,), "settings path")],
        "get_parameter_history": [((ROOM,), "settings")],
        "put_parameter": [((ROOM,), "settings")],
    },
}
# Signing keys are read and written; the audit log's table is opened with the key for each caller.
KEYS = {
    ROOM: {("kms:Decrypt", "secretsmanager"), ("kms:GenerateDataKey", "secretsmanager"), ("kms:Decrypt", "dynamodb")},
    CHECKOUT: {("kms:Decrypt", "dynamodb")},
    FULFILMENT: set(),
}
SERVICE_OF = {"table": "dynamodb", "index": "dynamodb", "queue": "sqs", "letters": "sqs", "sessions": "sqs",
              "keys": "secretsmanager", "path": "ssm", "settings": "ssm"}


def without_tests(text):
    return re.split(r"^#\[cfg\(test\)\]\s*^mod ", text, flags=re.M)[0]


def rust_files():
    for place in SOURCES:
        path = REPOSITORY / place
        yield from sorted(path.rglob("*.rs")) if path.is_dir() else [path]


def calls_in_code():
    found = {}
    for path in rust_files():
        names = set(re.findall(r"\.(%s)\(\)" % "|".join(OPERATIONS), without_tests(path.read_text())))
        if names:
            found[str(path.relative_to(REPOSITORY))] = names
    return found


def action(operation, about):
    """IAM's name: batches count as what they consist of, but for DynamoDB."""
    service = SERVICE_OF[about.split()[-1]]
    name = operation if service == "dynamodb" else operation.removesuffix("_batch")
    return f"{service}:{''.join(word.title() for word in name.split('_'))}"


def wanted(program):
    return {(action(operation, about), about)
            for calls in CALLS.values() for operation, uses in calls.items() for programs, about in uses if program in programs}


def names_of(stack, region):
    """What each resource in a policy is called here."""
    kinds = {"orders": "orders queue", "dead_letters": "dead letters", "ended_sessions": "ended sessions"}
    queues = {queue["arn"]: kinds[queue.key] for queue in stack.all("aws_sqs_queue", region)}
    home, account = next(iter(queues)).split(":")[3:5]
    tables = {}
    for table in stack.all("aws_dynamodb_table"):
        arn = table["arn"].replace(f":{table['region']}:", f":{home}:")
        kind = table["name"].rsplit("-", 1)[1]
        tables |= {arn: f"{kind} table", f"{arn}/index/sweep-index": "sweep index"}
    path = f"arn:aws:ssm:{home}:{account}:parameter/waiting-room"
    keys = stack.one("aws_secretsmanager_secret", "module.secrets", name=f"{stack.outputs['name']}/keys")
    [key] = stack.all("aws_kms_key", region)
    return queues | tables | {
        path: "settings path", f"{path}/*": "settings", key["arn"]: "key",
        keys["arn"].replace(f":{keys['region']}:", f":{home}:"): "keys",
    }


class Permissions(unittest.TestCase):
    def test_every_call_in_the_code_is_somebodys(self):
        claimed = {path: set(calls) for path, calls in CALLS.items()}
        self.assertEqual(calls_in_code(), claimed)

    def test_the_sdk_is_used_nowhere_else(self):
        known = {str(path.relative_to(REPOSITORY)) for path in rust_files()}
        for top in ("waiting-room", "checkout"):
            for path in (REPOSITORY / top).rglob("*.rs"):
                name = str(path.relative_to(REPOSITORY))
                text = without_tests(path.read_text())
                if "/src/" not in name or "/test-" in name or "/bench" in name or "/tests/" in name or name in known:
                    continue
                for sdk in re.findall(r"aws_sdk_(\w+)", text):
                    self.fail(f"{name} uses {sdk}: name it in SOURCES")

    def test_only_known_sdks_are_linked(self):
        manifest = (REPOSITORY / "Cargo.toml").read_text()
        self.assertEqual(set(re.findall(r"^aws-sdk-(\w+)", manifest, re.M)), SDKS)

    def test_each_task_may_do_just_what_its_code_calls(self):
        for stack, region in in_regions():
            names = names_of(stack, region)
            roles = {role["name"]: role.key for role in stack.all("aws_iam_role", region + "module.iam")}
            policies = stack.all("aws_iam_role_policy", region + "module.iam.aws_iam_role_policy.task")
            self.assertEqual({policy.key for policy in policies}, set(ALL))
            for policy in policies:
                self.assertEqual(roles[policy["role"]], policy.key)
                granted, keys = set(), set()
                for statement in policy.json("policy")["Statement"]:
                    self.assertEqual(statement["Effect"], "Allow")
                    for resource in listed(statement["Resource"]):
                        self.assertIn(resource, names, f"{stack.name} {policy.key}")
                        pairs = {(one, names[resource]) for one in listed(statement["Action"])}
                        if names[resource] == "key":
                            # What Secrets Manager and DynamoDB do with our key in our name.
                            self.assertEqual(list(statement["Condition"]), ["StringEquals"])
                            [(condition, via)] = statement["Condition"]["StringEquals"].items()
                            home = stack.all("aws_vpc", region)[0]["region"]
                            self.assertEqual((condition, via.split(".", 1)[1]), ("kms:ViaService", f"{home}.amazonaws.com"))
                            keys |= {(one, via.split(".")[0]) for one, _ in pairs}
                        else:
                            self.assertNotIn("Condition", statement)
                            granted |= pairs
                self.assertEqual(granted, wanted(policy.key), f"{stack.name} {policy.key}")
                self.assertEqual(keys, KEYS[policy.key], f"{stack.name} {policy.key}")

    def test_a_task_has_no_other_policy(self):
        for stack in stacks():
            self.assertFalse(stack.all("aws_iam_role_policy_attachment"))
            for role in stack.all("aws_iam_role"):
                self.assertFalse(role.get("managed_policy_arns"))

    def test_endpoints_let_through_all_that_tasks_call(self):
        for stack, region in in_regions():
            allowed, tables = set(), set()
            for endpoint in stack.all("aws_vpc_endpoint", region):
                for statement in endpoint.json("policy")["Statement"]:
                    allowed |= set(listed(statement["Action"]))
                    if endpoint["service_name"].endswith(".dynamodb"):
                        tables |= set(listed(statement["Resource"]))
            self.assertEqual({names_of(stack, region)[arn] for arn in tables if not arn.endswith("/*")},
                             {"orders table", "audit table", "events table"})
            self.assertIn("/index/*", "".join(tables))
            called = {one for program in ALL for one, _ in wanted(program)}
            starting = {one for one in allowed if one.split(":")[0] in ("ecr", "logs", "s3")}
            self.assertEqual(allowed - starting, called)

    def test_no_policy_has_a_wildcard_without_a_written_reason(self):
        # Actions that know no resource, which is IAM's to say; the HCL beside each says so.
        without_resource = {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"}
        for stack in stacks():
            for policy in stack.all("aws_iam_role_policy"):
                for statement in policy.json("policy")["Statement"]:
                    actions, resources = listed(statement["Action"]), listed(statement["Resource"])
                    self.assertFalse([one for one in actions if "*" in one], policy)
                    if "*" in resources:
                        self.assertLessEqual(set(actions), without_resource, policy)
                    if "cloudwatch:PutMetricData" in actions:
                        self.assertIn("Condition", statement, policy)

    def test_only_services_of_this_account_take_the_tasks_roles(self):
        for stack in stacks():
            for role in stack.all("aws_iam_role"):
                for statement in role.json("assume_role_policy")["Statement"]:
                    self.assertEqual(list(statement["Principal"]), ["Service"], role)
                    if statement["Principal"]["Service"] == "ecs-tasks.amazonaws.com":
                        self.assertIn("aws:SourceAccount", statement["Condition"]["StringEquals"], role)


if __name__ == "__main__":
    unittest.main()
