"""The Lambda functions, against an AWS emulator and a web server of their own."""

import http.server
import importlib.util
import json
import os
import threading
import unittest
from unittest import mock

import boto3
from moto import mock_aws

from stack import INFRA

HERE, THERE = "eu-west-1", "eu-central-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "emulator", "AWS_SECRET_ACCESS_KEY": "emulator", "AWS_REGION": HERE,
               "AWS_DEFAULT_REGION": HERE}


def function(module, name):
    spec = importlib.util.spec_from_file_location(name, INFRA / "modules" / module / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def orders_table():
    return boto3.resource("dynamodb", HERE).create_table(
        TableName="orders", BillingMode="PAY_PER_REQUEST", KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])


class Site(http.server.ThreadingHTTPServer):
    """Answers each path with the status that it is told, and remembers who asked."""

    def __init__(self):
        self.status = {"/basic/": 200, "/readyz": 200}
        self.asked = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                site.asked.append((self.path, self.headers.get("Authorization", "")))
                self.send_response(site.status.get(self.path, 404))
                self.end_headers()

            def log_message(self, *_):
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Emulated(unittest.TestCase):
    def setUp(self):
        for context in (mock.patch.dict(os.environ, CREDENTIALS), mock_aws()):
            context.__enter__()
            self.addCleanup(context.__exit__, None, None, None)


class CopySettings(Emulated):
    NAME = "/waiting-room/aurora-live/admission-rate-per-minute"

    def setUp(self):
        super().setUp()
        self.copy = function("failover", "copy_settings")
        self.table = orders_table()
        self.here, self.there = boto3.client("ssm", HERE), boto3.client("ssm", THERE)
        os.environ.update(PEER=THERE, TABLE="orders")

    def active(self, region):
        self.table.put_item(Item={"pk": "control#region", "active": region, "epoch": 1})

    def written(self, value, name=NAME):
        self.here.put_parameter(Name=name, Value=value, Type="String", Overwrite=True)
        return self.copy.handler({"detail": {"name": name}}, None)

    def test_what_is_set_in_the_active_region_is_set_in_the_other(self):
        self.active(HERE)
        self.assertTrue(self.written("1200")["copied"])
        self.assertEqual(self.there.get_parameter(Name=self.NAME)["Parameter"]["Value"], "1200")
        self.assertTrue(self.written("600")["copied"])
        self.assertEqual(self.there.get_parameter(Name=self.NAME)["Parameter"]["Value"], "600")

    def test_an_equal_value_is_not_told_again(self):
        self.active(HERE)
        self.written("1200")
        self.assertFalse(self.written("1200")["copied"])
        self.assertEqual(self.there.get_parameter(Name=self.NAME)["Parameter"]["Version"], 1)

    def test_the_standby_region_tells_nothing(self):
        self.active(THERE)
        self.assertFalse(self.written("1200")["copied"])
        with self.assertRaises(self.there.exceptions.ParameterNotFound):
            self.there.get_parameter(Name=self.NAME)

    def test_without_a_control_item_nothing_is_told(self):
        self.assertFalse(self.written("1200")["copied"])


class Canary(Emulated):
    def setUp(self):
        super().setUp()
        self.canary = function("canary", "canary")
        self.canary.EXPECTING_SECONDS = 0
        self.site = Site()
        self.addCleanup(self.site.server_close)
        self.addCleanup(self.site.shutdown)
        self.table = orders_table()
        os.environ.update(SITE=self.site.url, OPERATOR_API=self.site.url, NAMESPACE="canary", PEER=THERE, TABLE="orders")

    def heartbeat(self, region):
        return self.table.get_item(Key={"pk": f"heartbeat#{region}"}).get("Item")

    def metrics(self):
        listed = boto3.client("cloudwatch", HERE).list_metrics(Namespace="canary")["Metrics"]
        return {metric["MetricName"] for metric in listed}

    def test_it_sees_that_all_is_well_and_leaves_a_sign(self):
        seen = self.canary.handler({}, None)
        self.assertEqual((seen["SiteUp"], seen["RegionReady"]), (1, 1))
        self.assertIsNotNone(self.heartbeat(HERE))
        self.assertEqual(self.metrics(), {"SiteUp", "RegionReady", "PeerHeartbeatAgeSeconds"})

    def test_it_signs_what_it_asks_the_operator_api_and_nothing_else(self):
        self.canary.handler({}, None)
        asked = dict(self.site.asked)
        self.assertIn("/execute-api/aws4_request", asked["/readyz"])
        self.assertEqual(asked["/basic/"], "")

    def test_a_region_that_is_not_ready_leaves_no_sign(self):
        self.site.status["/readyz"] = 503
        self.assertEqual(self.canary.handler({}, None)["RegionReady"], 0)
        self.assertIsNone(self.heartbeat(HERE))

    def test_a_site_that_does_not_answer_is_down(self):
        self.site.status["/basic/"] = 504
        self.assertEqual(self.canary.handler({}, None)["SiteUp"], 0)

    def test_it_tells_how_old_the_other_regions_sign_is(self):
        self.table.put_item(Item={"pk": f"heartbeat#{THERE}", "at": 1_000_000_000})
        self.assertGreater(self.canary.handler({}, None)["PeerHeartbeatAgeSeconds"], 700_000_000)

    def test_a_region_that_never_gave_a_sign_counts_as_silent(self):
        self.assertGreater(self.canary.handler({}, None)["PeerHeartbeatAgeSeconds"], 90)

    def test_it_tells_what_it_saw_though_the_table_is_away(self):
        self.table.delete()
        with self.assertRaises(Exception):
            self.canary.handler({}, None)
        self.assertEqual(self.metrics(), {"SiteUp", "RegionReady"})

    def test_a_failover_goes_on_only_when_what_it_expects_is_up(self):
        self.site.status["/basic/"] = 504
        self.assertEqual(self.canary.handler({"expect": ["RegionReady"]}, None)["RegionReady"], 1)
        with self.assertRaisesRegex(RuntimeError, "not up"):
            self.canary.handler({"expect": ["SiteUp", "RegionReady"]}, None)
        self.assertIsNone(self.heartbeat(HERE))


class SetPassword(Emulated):
    def test_the_user_gets_the_password_of_the_secret(self):
        secrets, elasticache = boto3.client("secretsmanager", HERE), mock.Mock()
        secrets.create_secret(Name="url", SecretString="rediss://waiting-room:Secret0123456789@cache.example:6379/")
        elasticache.describe_users.return_value = {"Users": [{"Status": "active"}]}
        os.environ.update(SECRET="url", USER="user")
        loaded = function("cache", "set_password")
        with mock.patch.object(loaded.boto3, "client", lambda name: elasticache if name == "elasticache" else secrets):
            self.assertEqual(loaded.handler({"version": 1}, None), {"version": 1})
        elasticache.modify_user.assert_called_once_with(
            UserId="user", AuthenticationMode={"Type": "password", "Passwords": ["Secret0123456789"]})

    def test_an_address_without_a_password_is_a_mistake(self):
        with self.assertRaises(ValueError):
            function("cache", "set_password").password_of("rediss://cache.example:6379/")


class BuildImages(Emulated):
    def run_with(self, *statuses):
        codebuild = mock.Mock()
        codebuild.start_build.return_value = {"build": {"id": "b", "buildStatus": "IN_PROGRESS"}}
        codebuild.batch_get_builds.side_effect = [{"builds": [{"id": "b", "buildStatus": status}]} for status in statuses]
        os.environ["PROJECT"] = "images"
        loaded = function("images", "build_images")
        loaded.LOOK_EVERY_SECONDS = 0
        with mock.patch.object(loaded.boto3, "client", lambda _: codebuild):
            answer = loaded.handler({"tag": "0123", "source": "bucket/0123.zip"}, None)
        return answer, codebuild.start_build.call_args.kwargs

    def test_it_waits_for_the_build(self):
        answer, asked = self.run_with("IN_PROGRESS", "SUCCEEDED")
        self.assertEqual(answer, {"tag": "0123"})
        self.assertEqual((asked["projectName"], asked["sourceLocationOverride"]), ("images", "bucket/0123.zip"))
        self.assertEqual([(v["name"], v["value"]) for v in asked["environmentVariablesOverride"]], [("TAG", "0123")])

    def test_a_build_that_fails_is_an_error(self):
        with self.assertRaisesRegex(RuntimeError, "FAILED"):
            self.run_with("FAILED")


if __name__ == "__main__":
    unittest.main()
