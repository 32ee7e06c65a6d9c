"""What a task's environment says is what its program understands, and all that it must be told."""

import os
import re
import subprocess
import unittest

import yaml

from stack import COLLECTOR, REPOSITORY, in_regions, tasks

CLOUD = REPOSITORY / "waiting-room/cloud/src"
# Read by the AWS SDK.
SDK = {"AWS_REGION"}
PROGRAMS = ("waiting-room", "checkout", "fulfilment")


class Option:
    def __init__(self, attribute, field):
        self.name = re.search(r'env = "(\w+)"', attribute).group(1)
        self.secret = "hide_env_values = true" in attribute
        self.required = "default_value" not in attribute and not re.search(r": (Option<|bool)", field)


def structures(path):
    """Each struct of clap's in a file: its own options, and the structs that are flattened into it."""
    found = {}
    for name, body in re.findall(r"pub struct (\w+) \{\n(.*?)\n\}", path.read_text(), re.S):
        options, flattened = [], []
        for attribute, field in re.findall(r"#\[(arg\(.*?\)|command\(flatten\))\]\n\s+pub (\w+: [^\n]+)", body, re.S):
            if attribute.startswith("command"):
                flattened.append(field.split(": ")[1].rstrip(","))
            elif "env = " in attribute:
                options.append(Option(attribute, field))
        found[name] = (options, flattened)
    return found


def options_of(program):
    shared = structures(CLOUD / "options.rs")
    own, flattened = structures(CLOUD / f"{program.replace('-', '_')}.rs")["Config"]
    return {option.name: option for option in own + [one for name in flattened for one in shared[name][0]]}


def newest_source():
    return max(path.stat().st_mtime for path in CLOUD.rglob("*.rs"))


class Environment(unittest.TestCase):
    def test_every_name_is_an_option_of_the_program(self):
        for stack, region in in_regions():
            for program, container in tasks(stack, region).items():
                told = {entry["name"] for kind in ("environment", "secrets") for entry in container[kind]}
                self.assertLessEqual(told - SDK, set(options_of(program)), f"{stack.name} {program}")

    def test_all_that_a_program_must_be_told_is_told(self):
        for stack, region in in_regions():
            for program, container in tasks(stack, region).items():
                told = {entry["name"] for kind in ("environment", "secrets") for entry in container[kind]}
                must = {name for name, option in options_of(program).items() if option.required}
                self.assertLessEqual(must, told, f"{stack.name} {program}")
                self.assertGreaterEqual(len(must), 5, "the sources are read as they were not written")

    def test_what_the_program_hides_is_a_secret_and_nothing_else_is(self):
        for stack, region in in_regions():
            for program, container in tasks(stack, region).items():
                hidden = {name for name, option in options_of(program).items() if option.secret}
                self.assertEqual({entry["name"] for entry in container["secrets"]}, hidden, f"{stack.name} {program}")
                for entry in container["secrets"]:
                    self.assertRegex(entry["valueFrom"], r"^arn:aws:secretsmanager:")

    def test_values_are_those_of_the_task_own_region(self):
        for stack, region in in_regions():
            queues = {queue.key: queue["url"] for queue in stack.all("aws_sqs_queue", region)}
            home = stack.all("aws_vpc", region)[0]["region"]
            for program, container in tasks(stack, region).items():
                told = {entry["name"]: entry["value"] for entry in container["environment"]}
                self.assertEqual(told["AWS_REGION"], home)
                self.assertEqual(told["WAITING_ROOM_ORDER_QUEUE_URL"], queues["orders"])
                self.assertEqual(told["WAITING_ROOM_DEAD_LETTER_QUEUE_URL"], queues["dead_letters"])
                self.assertEqual(told["WAITING_ROOM_ENDED_SESSIONS_QUEUE_URL"], queues["ended_sessions"])
                self.assertEqual(told.get("OTEL_EXPORTER_OTLP_ENDPOINT"), COLLECTOR.get(stack.name), program)
                for entry in container["secrets"]:
                    self.assertIn(f":{home}:", entry["valueFrom"], program)
                    self.assertNotIn("dead", entry["valueFrom"])
                if program in ("waiting-room", "checkout"):
                    self.assertEqual(told["WAITING_ROOM_AUDIT_TABLE"], f"{stack.outputs['name']}-audit")
                    self.assertEqual(told["WAITING_ROOM_TRUSTED_PROXIES"], "2", "CloudFront and the load balancer")
                if program == "checkout":
                    self.assertEqual(told["WAITING_ROOM_JWKS_URL"], stack.outputs["site_url"] + "/.well-known/jwks.json")
                if program == "waiting-room":
                    self.assertIn(f":{home}:", told["WAITING_ROOM_KEYS_SECRET"])

    def test_the_built_programs_say_the_same_as_their_sources(self):
        built = 0
        for program in PROGRAMS:
            path = REPOSITORY / "target/debug" / program
            if not os.access(path, os.X_OK) or path.stat().st_mtime < newest_source():
                continue
            built += 1
            told = subprocess.run([path, "--help"], capture_output=True, text=True, timeout=60, check=True).stdout
            self.assertEqual(set(re.findall(r"\[env: (\w+)", told)), set(options_of(program)), program)
        if not built:
            self.skipTest("no program is built that is newer than its sources")


class OneMachine(unittest.TestCase):
    """What docker/ starts is told as much as the tasks are."""

    def test_compose_tells_each_program_all_that_it_must_be_told_and_nothing_unknown(self):
        services = yaml.safe_load((REPOSITORY / "docker/compose.yaml").read_text())["services"]
        known = {name for program in PROGRAMS for name in options_of(program)}
        for program in PROGRAMS:
            told = {name for name in services[program]["environment"] if not name.startswith("AWS_")}
            self.assertLessEqual({name for name, option in options_of(program).items() if option.required}, told, program)
            self.assertLessEqual(told, known, program)

    def test_both_ways_to_start_it_give_the_same_credentials_and_count_the_same_proxies(self):
        script = (REPOSITORY / "docker/cluster").read_text()
        told = yaml.safe_load((REPOSITORY / "docker/compose.yaml").read_text())["services"]["checkout"]["environment"]
        for name in ("WAITING_ROOM_OPERATOR_CREDENTIAL", "WAITING_ROOM_VIEWER_CREDENTIAL", "WAITING_ROOM_TRUSTED_PROXIES"):
            self.assertIn(f"export {name}={told[name]}\n", script)
        # As many as that: the front adds the address that it was called from.
        front = (REPOSITORY / "docker/front.conf.template").read_text()
        self.assertEqual(told["WAITING_ROOM_TRUSTED_PROXIES"], front.count("proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"))


if __name__ == "__main__":
    unittest.main()
