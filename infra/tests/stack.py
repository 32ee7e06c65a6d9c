"""The applied stacks that the tests look at: what offline-plan wrote for each combination, under $INFRA_STACKS."""

import functools
import json
import os
import pathlib
import re

INFRA = pathlib.Path(__file__).resolve().parent.parent
REPOSITORY = INFRA.parent
COMBINATIONS = ("dev", "dev-failover", "prod", "prod-failover")
# Where each stack that has one is told to send traces: infra/test says so.
COLLECTOR = {"dev-failover": "http://collector.internal:4318"}


class Resource:
    def __init__(self, raw):
        self.address, self.type, self.mode, self.values = raw["address"], raw["type"], raw["mode"], raw["values"]

    def __getitem__(self, name):
        return self.values[name]

    def get(self, name):
        return self.values.get(name)

    def json(self, name):
        return json.loads(self.values[name])

    @property
    def key(self):
        """The last key of the address: `alb` of `aws_security_group.this["alb"]`."""
        return re.search(r'\["([^"]*)"\]$', self.address).group(1)

    def __repr__(self):
        return self.address


class Stack:
    """One combination, applied."""

    def __init__(self, name):
        folder = pathlib.Path(os.environ["INFRA_STACKS"])
        self.name = name
        self.text = (folder / f"{name}.state.json").read_text()
        values = json.loads(self.text)["values"]
        self.outputs = {key: output["value"] for key, output in values["outputs"].items()}
        self.resources = list(self._walk(values["root_module"]))

    def _walk(self, module):
        yield from (Resource(raw) for raw in module.get("resources", []))
        for child in module.get("child_modules", []):
            yield from self._walk(child)

    def all(self, resource_type, within="", mode="managed"):
        """Resources of a type whose address begins with `within`."""
        return [r for r in self.resources
                if r.type == resource_type and r.mode == mode and r.address.removeprefix("data.").startswith(within)]

    def one(self, resource_type, within="", **wanted):
        found = [r for r in self.all(resource_type, within) if all(r.get(k) == v for k, v in wanted.items())]
        assert len(found) == 1, f"{self.name}: {resource_type} {wanted} below {within!r}: {found}"
        return found[0]

    @property
    def regions(self):
        """Module path of each region's stack."""
        return ["module.primary.", "module.secondary[0]."] if self.name.endswith("failover") else ["module.primary."]


@functools.lru_cache(maxsize=None)
def load(name):
    return Stack(name)


def stacks():
    return [load(name) for name in COMBINATIONS]


def in_regions():
    """Each stack with each of its regions."""
    return [(stack, region) for stack in stacks() for region in stack.regions]


def listed(value):
    return value if isinstance(value, list) else [value]


def container(task):
    [definition] = task.json("container_definitions")
    return definition


def tasks(stack, region):
    """Each service's container, by its name."""
    return {task["family"].split("-", 2)[2]: container(task) for task in stack.all("aws_ecs_task_definition", region)}
