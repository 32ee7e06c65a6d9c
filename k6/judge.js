#!/usr/bin/env node
// Adds up the summaries of several k6 that sent fans to one on-sale, and judges them as one run.
//
//   node k6/judge.js one.json two.json ...

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { busyOf, doorOf, holds } from "./lib/verdict.js";
import { busyLine, rateLine } from "./lib/lines.js";

/** Balances of the stock need the one k6 that sees all orders: machines that share an on-sale don't take stock. */
const NOT_SHARED = "stock_unaccounted";

/**
 * @param {any[]} parts the JSON files of the summaries
 * @returns {{lines: string[], holds: boolean}}
 */
export function judge(parts) {
  const [first] = parts;
  const differ = parts.filter(
    ({ story, world, lengths }) =>
      story !== first.story ||
      world.event !== first.world.event ||
      world.origin !== first.world.origin ||
      JSON.stringify(lengths) !== JSON.stringify(first.lengths),
  );
  if (differ.length > 0) {
    const wanted = "story, event, BEGAN, MAX_WAIT and IDLE_WINDOW must be the same";
    return { lines: [`these are parts of different runs: ${wanted}`], holds: false };
  }
  const counters = sum(parts.map((part) => Object.entries(part.counters)));
  const balances = sum(parts.map((part) => part.balances.map(({ name, count }) => [name, count])));
  const rules = new Map(parts.flatMap((part) => part.balances.map(({ name, rule }) => [name, rule])));
  const broken = Object.entries(balances)
    .filter(([name, count]) => name !== NOT_SHARED && !holds({ rule: rules.get(name), count }))
    .map(([name, count]) => `FAILED    ${name}: ${count}`);
  const own = parts.flatMap(({ failed }, n) => failed.map((name) => `FAILED    ${name}, in part ${n + 1}`));
  const count = (name) => counters[name] ?? 0;
  const lines = [
    `story     ${first.story}, ${first.world.event}, ${parts.length} parts`,
    `fans      ${count("fans_came")} came, ${count("fans_admitted")} admitted, ${count("fans_no_show")} no-shows, ` +
      `${count("fans_lost")} lost, ${count("fans_overtaken")} overtaken`,
    `rate      ${rateLine(doorOf(counters, first.lengths), first.world, first.lengths)}`,
    `busy      ${busyLine(busyOf(counters, first.lengths), first.lengths)}`,
    `orders    ${count("orders_confirmed")} confirmed, ${count("orders_refused")} refused, ` +
      `${count("orders_doubled")} doubled`,
    ...broken,
    ...own,
  ];
  return { lines, holds: broken.length + own.length === 0 };
}

function sum(lists) {
  const totals = {};
  for (const [name, count] of lists.flat()) totals[name] = (totals[name] ?? 0) + count;
  return totals;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = process.argv.slice(2);
  if (files.length === 0) {
    console.error("usage: node k6/judge.js SUMMARY.json...");
    process.exit(2);
  }
  const verdict = judge(files.map((file) => JSON.parse(readFileSync(file, "utf8"))));
  console.log(verdict.lines.map((line) => `  ${line}`).join("\n"));
  process.exit(verdict.holds ? 0 : 1);
}
