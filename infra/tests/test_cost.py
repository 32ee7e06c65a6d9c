"""The report's costs are those of the stacks as they are applied."""

import pathlib
import sys
import unittest

from stack import REPOSITORY, load, stacks

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cost"))
import cost  # noqa: E402


class Cost(unittest.TestCase):
    def test_the_report_has_the_tables_that_the_script_prints(self):
        report = (REPOSITORY / "docs/report.md").read_text()
        for table in cost.tables({stack.name: stack for stack in stacks()}).split("\n\n"):
            self.assertIn(table, report, f"infra/cost/cost.py prints:\n{table}")

    def test_the_script_counts_tasks_as_the_stack_does(self):
        for name in ("prod", "prod-failover"):
            stack = load(name)
            found = {service.replace("-", "_"): n for service, n in cost.ready(stack, 400_000, 12_000).items()}
            self.assertEqual(found, stack.outputs["capacity"]["ready"]["aurora-live"])

    def test_every_price_is_used_and_says_where_it_is_from(self):
        source = pathlib.Path(cost.__file__).read_text()
        for name, price in cost.PRICES.items():
            self.assertIn(price["from"], ("read", "remembered"), name)
            self.assertGreater(price["usd"], 0)
            self.assertTrue(f'"{name}"' in source or name.startswith("cache."), name)


if __name__ == "__main__":
    unittest.main()
