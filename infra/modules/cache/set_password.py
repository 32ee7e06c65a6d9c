"""Gives the queue store's user the password in the secret, which is the store's whole address."""

import os
import time
import urllib.parse

import boto3

PATIENCE_SECONDS = 240


def password_of(url):
    """The password in `rediss://user:password@host:port/`."""
    password = urllib.parse.urlsplit(url).password
    if not password:
        raise ValueError("the secret's address has no password")
    return urllib.parse.unquote(password)


def wait_until_active(elasticache, user, until):
    while elasticache.describe_users(UserId=user)["Users"][0]["Status"] != "active":
        if time.monotonic() > until:
            raise TimeoutError("the user does not become active")
        time.sleep(5)


def handler(event, _context):
    elasticache, secrets = boto3.client("elasticache"), boto3.client("secretsmanager")
    user, until = os.environ["USER"], time.monotonic() + PATIENCE_SECONDS
    password = password_of(secrets.get_secret_value(SecretId=os.environ["SECRET"])["SecretString"])
    wait_until_active(elasticache, user, until)
    elasticache.modify_user(
        UserId=user, AuthenticationMode={"Type": "password", "Passwords": [password]}
    )
    wait_until_active(elasticache, user, until)
    return {"version": event["version"]}
