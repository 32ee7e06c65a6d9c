"""Looks at the site as a fan does, and at this region through its operator API, once a minute.

Tells CloudWatch what it saw, as the metrics `SiteUp`, `RegionReady` (1 or 0) and, where there is a second region,
`PeerHeartbeatAgeSeconds`. A region that is ready leaves a heartbeat, the item `heartbeat#REGION` with the time in `at`, in the
table that both regions share. The call through the operator API also keeps its VPC link from being put to sleep.

Called with {"expect": ["RegionReady"]} it looks until these are up, or fails, and leaves nothing behind: so a failover looks
before it sends fans, and again before it admits them.
"""

import json
import os
import time
import urllib.error
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

PATIENCE_SECONDS = 5

# A page of the waiting room's that CloudFront never keeps: of what it keeps it may show an old copy while the services are away.
PAGE = "/basic/"

# A little less than the function may take.
EXPECTING_SECONDS = 20


def answers(url, headers=None):
    """Whether `url` answers with 200, in time."""
    request = urllib.request.Request(url, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.status == 200
    except (urllib.error.URLError, TimeoutError, OSError) as error:
        print(json.dumps({"level": "WARN", "url": url, "error": str(error)}))
        return False


def signed(url, region, credentials):
    """Headers by which API Gateway knows who calls."""
    request = AWSRequest("GET", url)
    SigV4Auth(credentials, "execute-api", region).add_auth(request)
    return dict(request.headers)


def beat(table, region, now):
    table.put_item(Item={"pk": f"heartbeat#{region}", "at": int(now)})


def age(table, region, now):
    """Seconds since the last heartbeat of `region`; a day where there was none."""
    item = table.get_item(Key={"pk": f"heartbeat#{region}"}, ConsistentRead=True).get("Item")
    return now - int(item["at"]) if item else 86_400.0


def look(environment, session):
    """What there is to see, as values of metrics."""
    region = environment["AWS_REGION"]
    ready_url = environment["OPERATOR_API"] + "/readyz"
    return {
        "SiteUp": float(answers(environment["SITE"] + PAGE)),
        "RegionReady": float(answers(ready_url, signed(ready_url, region, session.get_credentials()))),
    }


def wait_for(expected, environment, session):
    """Looks until all that is `expected` is up."""
    until = time.monotonic() + EXPECTING_SECONDS
    while True:
        seen = look(environment, session)
        if all(seen[name] for name in expected):
            return seen
        if time.monotonic() > until:
            raise RuntimeError(f"not up: {seen}")
        time.sleep(2)


def handler(event, _context):
    environment, session, now = os.environ, boto3.Session(), time.time()
    if event.get("expect"):
        return wait_for(event["expect"], environment, session)
    seen = look(environment, session)
    try:
        if environment.get("PEER"):
            table = session.resource("dynamodb").Table(environment["TABLE"])
            if seen["RegionReady"]:
                beat(table, environment["AWS_REGION"], now)
            seen["PeerHeartbeatAgeSeconds"] = age(table, environment["PEER"], now)
    finally:
        tell(session, environment["NAMESPACE"], seen)
    return seen


def tell(session, namespace, seen):
    data = [{"MetricName": name, "Value": value} for name, value in seen.items()]
    session.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)
