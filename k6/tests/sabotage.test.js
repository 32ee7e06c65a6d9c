// The stories notice what they are there to notice: each against the real program with one promise broken.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Program, event, tell } from "./program.js";
import { SABOTAGES, sabotage } from "./saboteur.js";

const SHORT = { MAX_WAIT: "60s", ARRIVE: "1s", WARM_UP: "3s", IDLE_WINDOW: "5s", JOIN_P99: "30s" };
/** Some seconds' queue for what the door does, and a handful of fans for the rest. */
const QUEUE = { FANS: 90, NO_SHOW: 0.1, BUY: 0.1 };
const FEW = { FANS: 25, NO_SHOW: 0.1, BUY: 0.5, RETRIES: 1 };
const BOUGHT_OUT = { FANS: 36, NO_SHOW: 0 };
const BOTS = { FANS: 15, BOTS: 1, JOINS: 20, HOARD: 10 };
const TURNED = { FANS: 30, PLAN: "0:400,4:500" };
const LEAVING = { FANS: 40, CLOSED: "3s", RETURNERS: 0, TWICE: 0 };

/** A story, what is wrong with the service, and the threshold that says so. */
const CASES = [
  ["stampede", "does its best", null, QUEUE],
  ["stampede", "lets in more than the rate", /^claims_above_rate_10s/, QUEUE],
  ["stampede", "lets in less than the rate while fans wait", /^claims_missing/, { ...QUEUE, FANS: 120 }],
  ["stampede", "hides that fans wait", /^never_idle_unproven/, { ...QUEUE, FANS: 160 }],
  ["stampede", "lets in while it says that it is paused", /^claims_above_rate_in_all/, FEW],
  ["stampede", "calls some fans after others behind them", /^fans_overtaken/, QUEUE],
  ["stampede", "dates calls later than others behind them", /^fans_overtaken/, QUEUE],
  ["stampede", "loses fans", /^fans_lost/, QUEUE],
  ["stampede", "does its best", /^fans_unaccounted/, { ...QUEUE, MAX_WAIT: "5s" }],
  ["stampede", "gives out places anew", /^places_changed/, QUEUE],
  ["stampede", "lets people cut in", /^places_went_back/, QUEUE],
  ["stampede", "tells admissions of another time", /^door_times_untrue/, FEW],
  ["stampede", "makes a second order of a repeated request", /^orders_doubled/, FEW],
  ["stampede", "sells what is not in its books", /^stock_unaccounted/, FEW],
  ["stampede", "is away for some seconds", /^answers_unexpected/, FEW],
  ["stampede", "does its best", /^join_time/, { ...FEW, JOIN_P99: "0s" }],
  ["failover", "is away for some seconds", null, { ...FEW, OUTAGE: "20s", AGAIN: "2s" }],
  ["failover", "is away for some seconds", /^service_away/, { ...FEW, OUTAGE: "2s", AGAIN: "2s" }],
  ["failover", "does its best", /^requests_retried/, { ...FEW, AGAIN: "2s" }],
  ["checkout", "loses orders", /^orders_unsettled/, { FANS: 12, NO_SHOW: 0, MAX_WAIT: "10s" }],
  ["checkout", "says sold out though there is some", /^orders_refused_though_left/, BOUGHT_OUT],
  ["bots", "opens to forged tokens", /^side_doors_open/, BOTS],
  ["bots", "opens a session for each claim", /^second_sessions/, BOTS],
  ["rate-change", "takes bad settings", /^side_doors_open/, TURNED],
  ["rate-change", "adopts bad settings though it refuses them", /^bad_settings_adopted/, TURNED],
  ["rate-change", "tells the old rate for ever", /^change_until_in_force/, { ...TURNED, IN_FORCE: "3s" }],
  ["no-show", "lets those back in who left", /^rules_broken/, LEAVING],
  ["prequeue", "draws by another seed than it promised", /^draws_untrue/, FEW],
  ["prequeue", "mixes up the cohorts", /^cohorts_untrue/, FEW],
];

describe("a broken promise breaks a threshold", { concurrency: 8 }, () => {
  for (const [story, wrong, threshold, own] of CASES) {
    test(`${story} against one that ${wrong}: ${threshold?.source.slice(1) ?? "all holds"}`, async () => {
      const at = (seconds) => new Date(Date.now() + seconds * 1000).toISOString();
      const times = story === "prequeue" ? `opens_at = "${at(-60)}"\non_sale_at = "${at(25)}"` : "";
      const program = await new Program(event({ perMinute: 300, fields: times })).start();
      const proxy = await sabotage(program.url, SABOTAGES[wrong]());
      try {
        const { credential } = program;
        const told = await tell(story, { url: proxy.url, credential }, { ...SHORT, ...own });
        const { status, summary, output } = told;
        const failed = summary?.failed ?? [];
        if (threshold === null) {
          assert.equal(status, 0, output);
        } else {
          assert.equal(status, 99, output);
          assert.ok(failed.some((name) => threshold.test(name)), `it noticed ${failed.join(", ") || "does its best"}\n${output}`);
        }
      } finally {
        proxy.close();
        await program.end();
      }
    });
  }
});
