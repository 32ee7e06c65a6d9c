"""Starts a build of the images and waits until it has succeeded, so that what comes after finds them."""

import os
import time

import boto3

LOOK_EVERY_SECONDS = 10


def handler(event, _context):
    codebuild = boto3.client("codebuild")
    build = codebuild.start_build(
        projectName=os.environ["PROJECT"],
        sourceLocationOverride=event["source"],
        environmentVariablesOverride=[{"name": "TAG", "value": event["tag"], "type": "PLAINTEXT"}],
        idempotencyToken=event["tag"],
    )["build"]
    while build["buildStatus"] == "IN_PROGRESS":
        time.sleep(LOOK_EVERY_SECONDS)
        build = codebuild.batch_get_builds(ids=[build["id"]])["builds"][0]
    if build["buildStatus"] != "SUCCEEDED":
        raise RuntimeError(f"the build {build['id']} ended as {build['buildStatus']}")
    return {"tag": event["tag"]}
