"""Copies a setting that was written in this region to the other one, while this region is the active one."""

import os

import boto3
from botocore.exceptions import ClientError

CONTROL = {"pk": {"S": "control#region"}}


def is_active(dynamodb, table, region):
    item = dynamodb.get_item(TableName=table, Key=CONTROL, ConsistentRead=True).get("Item", {})
    return item.get("active", {}).get("S") == region


def value(ssm, name):
    """The parameter's value; nothing if it is not there."""
    try:
        return ssm.get_parameter(Name=name)["Parameter"]["Value"]
    except ClientError as error:
        if error.response["Error"]["Code"] == "ParameterNotFound":
            return None
        raise


def copy(name, here, there):
    """Whether it had to be copied: an equal value is left alone, or two regions would tell each other for ever."""
    new = value(here, name)
    if new is None or new == value(there, name):
        return False
    there.put_parameter(Name=name, Value=new, Type="String", Overwrite=True)
    return True


def handler(event, _context):
    name, region, peer = event["detail"]["name"], os.environ["AWS_REGION"], os.environ["PEER"]
    if not is_active(boto3.client("dynamodb"), os.environ["TABLE"], region):
        return {"name": name, "copied": False}
    copied = copy(name, boto3.client("ssm"), boto3.client("ssm", region_name=peer))
    return {"name": name, "copied": copied}
