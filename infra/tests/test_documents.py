"""Diagrams and report say what is there: they are held to the sources, without a stack."""

import hashlib
import json
import math
import os
import re
import subprocess
import unittest

from stack import INFRA, REPOSITORY

DIAGRAMS = sorted((REPOSITORY / "docs/architecture").glob("*.dot"))
REPORT = (REPOSITORY / "docs/report.md").read_text()
CAPACITY = (INFRA / "live/capacity.tf").read_text()
BENCHMARK = (REPOSITORY / "docs/benchmark.md").read_text()
PLAN = json.loads((INFRA / "cost/on-sale-hour.json").read_text())
# A page in ten-point type holds some 600 words; a row of a table is a line, of some ten.
WORDS_A_PAGE, WORDS_A_ROW, PAGES = 600, 10, 3


def classes(prefix, paths=DIAGRAMS):
    """What the diagrams name by a class such as `module-cache`."""
    named = re.findall(r'class="([^"]*)"', "".join(path.read_text() for path in paths))
    return {one.removeprefix(prefix) for names in named for one in names.split() if one.startswith(prefix)}


def rules():
    """The rules of infra/modules/security, by the names that they have there."""
    text = (INFRA / "modules/security/main.tf").read_text()
    calls = set(re.findall(r"^    (\w+_to_\w+)\s*= \{ from", text, re.M))
    services, gateways = (re.findall(r'"(\w+)"', re.search(pattern, text).group(1)) for pattern in (
        r"\n  services = (\[.*?\])", r"setproduct\(local\.services, (\[.*?\])\)"))
    single = set(re.findall(r'^resource "aws_vpc_security_group_\w+_rule" "(\w+)" \{\n  (?:region|.*var\.otlp)', text, re.M))
    return calls | {f"{service}_to_{gateway}" for service in services for gateway in gateways} | single


class Diagrams(unittest.TestCase):
    def test_each_picture_was_drawn_from_its_source(self):
        self.assertEqual(len(DIAGRAMS), 3)
        for path in DIAGRAMS:
            mark = hashlib.sha256(path.read_bytes()).hexdigest()
            self.assertIn(mark, path.with_suffix(".svg").read_text(), f"{path.name} was changed: run docs/architecture/render")

    def test_modules_in_a_diagram_exist(self):
        there = {path.name for path in (INFRA / "modules").iterdir()}
        self.assertGreater(len(classes("module-")), 10)
        self.assertLessEqual(classes("module-"), there)

    def test_the_network_diagram_has_every_rule_and_no_other(self):
        self.assertGreater(len(rules()), 10)
        self.assertEqual(classes("rule-", [REPOSITORY / "docs/architecture/network.dot"]), rules())

    def test_steps_in_a_diagram_are_the_document_s(self):
        from test_failover import STEPS
        self.assertGreater(len(classes("step-")), 5)
        self.assertLessEqual(classes("step-"), set(STEPS))

    def test_the_readmes_show_them(self):
        for path in DIAGRAMS:
            for readme, name in (("README.md", f"docs/architecture/{path.stem}.svg"),
                                 ("infra/README.md", f"../docs/architecture/{path.stem}.svg")):
                self.assertIn(name, re.findall(r"\((\S+)\)", (REPOSITORY / readme).read_text()), readme)


def local(name):
    return float(re.search(rf"^\s*{name}\s*= ([\d.]+)$", CAPACITY, re.M).group(1))


def cpu(kind):
    return float(re.search(rf"{kind} = ([\d.]+)", re.search(r"cpu_microseconds = \{(.*)\}",
                                                          CAPACITY).group(1)).group(1))


def measured(operation, connections):
    """CPU µs of a row of the benchmark's table, with a million tickets in Redis."""
    for line in BENCHMARK.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[:4] == [operation, "Redis", "1,000,000", connections]:
            return float(cells[9])
    raise AssertionError(f"no row of {operation}")


class Figures(unittest.TestCase):
    def test_capacity_rests_on_the_benchmark(self):
        self.assertEqual((cpu("poll"), cpu("join")), (measured("poll", "64"), measured("join", "256")),
                         "docs/benchmark.md was changed: change cpu_microseconds in infra/live/capacity.tf and the report")

    def test_cloudfront_s_peak_is_that_of_pages_which_ask_as_often_as_they_may(self):
        poll = (REPOSITORY / "waiting-room/core/src/poll.rs").read_text()
        fastest = int(re.search(r"\bmin_ms: ([\d_]+),", poll).group(1).replace("_", "")) / 1000
        self.assertEqual(local("fastest_poll_seconds"), fastest)
        self.assertIn(f"a million fans ask for {round(1e6 / fastest, -3):,.0f} requests a second", " ".join(REPORT.split()))
        for name in ("dev", "prod"):
            told = (INFRA / f"live/{name}.tfvars").read_text()
            fans = int(re.search(r"expected_fans\s*= (\d+)", told).group(1))
            quota = re.search(r"cloudfront_requests_per_second\s*= (\d+)", told)
            self.assertLessEqual(fans / fastest, int(quota.group(1)) if quota else 250_000, name)

    def test_the_report_derives_the_targets_that_capacity_sets(self):
        share, aim = local("vcpu_share"), local("aim")
        polls, joins = (math.floor(1e6 / cpu(kind) * share) for kind in ("poll", "join"))
        orders, settled, within = local("checkout_orders_per_second"), local("fulfilment_orders_per_second"), local("settled_within_seconds")
        for row in (
            f"| a vCPU of waiting-room, requests a second | 1,000,000 / {cpu('poll')} µs × {share:g} | {polls:,} |",
            f"| a vCPU of waiting-room, joins a second | 1,000,000 / {cpu('join')} µs × {share:g} | {joins:,} |",
            f"| waiting-room: requests a minute and task | {polls:,} × 1 vCPU × 60 × {aim:g} | {math.floor(polls * 60 * aim):,} |",
            f"| checkout: CPU | {aim:g} of full load, and a tenth more since admission bounds what comes | {local('checkout'):g} % |",
            f"| fulfilment: messages a task | {settled:g} orders a second × {within:g} s | {settled * within:g} |",
            f"| ready: waiting-room | fans × {local('first_minute_share'):g} / 60 s / ({joins:,} × vCPU × {aim:g}) | "
            f"{math.ceil(1e6 * local('first_minute_share') / 60 / (joins * aim))} |",
            f"| ready: checkout | rate / 60 s / ({orders:g} × vCPU × {aim:g}) | {math.ceil(10000 / 60 / (orders * 0.5 * aim))} |",
            f"| ready: fulfilment | rate / 60 s / ({settled:g} × {aim:g}) | {math.ceil(10000 / 60 / (settled * aim))} |",
        ):
            self.assertIn(row, REPORT.splitlines())


class Plan(unittest.TestCase):
    def test_the_on_sale_of_the_costs_is_the_planner_s(self):
        program = REPOSITORY / "target/release/on-sale"
        sources = [path for crate in ("planner", "core") for path in (REPOSITORY / "waiting-room" / crate / "src").rglob("*")]
        newest = max(path.stat().st_mtime for path in sources)
        if not os.access(program, os.X_OK) or program.stat().st_mtime < newest:
            self.skipTest("target/release/on-sale is not built, or is older than the planner")
        told = subprocess.run([program, "plan", *PLAN["plan"].split(), "--json"], capture_output=True, timeout=120, check=True).stdout
        now = json.loads(told)["course"]["load"]["consumption"]
        for name, amount in PLAN["used"].items():
            self.assertLess(abs(now[name] / amount - 1), 0.03, f"{name}: {now[name]}, but infra/cost/on-sale-hour.json has {amount}")


class Report(unittest.TestCase):
    def test_it_has_three_pages_at_most(self):
        lines = REPORT.splitlines()
        rows = [line for line in lines if line.startswith("|")]
        words = sum(len(line.split()) for line in lines if not line.startswith("|"))
        pages = (words + WORDS_A_ROW * len(rows)) / WORDS_A_PAGE
        self.assertLessEqual(pages, PAGES, f"{words} words and {len(rows)} rows of tables")


if __name__ == "__main__":
    unittest.main()
