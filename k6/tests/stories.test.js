// Every story against the real program, in a short version.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { Program, event, tell } from "./program.js";

/** Short on-sales prove less about idling than an hour does: their windows are as long as they can be. */
const SHORT = { MAX_WAIT: "120s", ARRIVE: "2s", WARM_UP: "4s", IDLE_WINDOW: "8s", JOIN_P99: "30s" };

async function holds(story, { events, flags = [], settings = {}, meanwhile = async () => {}, also = () => {} }) {
  const program = await new Program(events, flags).start();
  try {
    const [told] = await Promise.all([tell(story, program, { ...SHORT, ...settings }), meanwhile(program)]);
    console.log(told.output);
    if (process.env.SUMMARIES) writeFileSync(`${process.env.SUMMARIES}/k6-${story}.json`, JSON.stringify(told.summary, null, 2));
    assert.equal(told.status, 0, `${story} does not hold:\n${told.output}`);
    also(told.summary);
  } finally {
    await program.end();
  }
}

/** How many fans are through the door. */
async function claimed({ url, credential }) {
  const headers = { authorization: `Bearer ${credential}` };
  const answer = await fetch(`${url}/v1/operator/events/rehearsal/figures`, { headers });
  return (await answer.json()).claimed_total;
}

/** An event whose pre-queue is open and whose on-sale begins in so many seconds. */
function onSaleIn(seconds) {
  const at = (milliseconds) => new Date(Date.now() + milliseconds).toISOString();
  return `opens_at = "${at(-60_000)}"\non_sale_at = "${at(seconds * 1000)}"`;
}

describe("every story holds", { concurrency: 8 }, () => {
  test("failover: the program is killed and started again where it was", () =>
    holds("failover", {
      events: event({ perMinute: 300 }),
      flags: ["--recovery-seconds", "4"],
      settings: { FANS: 150, NO_SHOW: 0.3, OUTAGE: "60s", AGAIN: "16s" },
      meanwhile: async (program) => {
        while ((await claimed(program)) < 25) await pause(250);
        await program.kill();
        await pause(1_500);
        await program.start();
      },
      also: ({ counters }) => assert.ok(counters.fans_in_a_new_epoch > 0, "nobody came through after the restart"),
    }));

  test("rate-change", () =>
    holds("rate-change", {
      events: event({ perMinute: 300 }),
      settings: { FANS: 270, NO_SHOW: 0.2, PLAN: "0:240,17:pause,22:360", MET_WITHIN: "5s", IN_FORCE: "20s" },
      also: ({ counters }) => {
        const offered = Object.keys(counters).filter((name) => name.startsWith("permits_offered{"));
        const stages = new Set(offered.map((name) => Number(/\d+/.exec(name)[0]) < 20));
        assert.equal(stages.size, 2, "never idle was not proven before the pause and after it");
      },
    }));

  test("bots", () =>
    holds("bots", {
      events: [
        event({ perMinute: 400, fields: "session_seconds = 30\ncall_window_seconds = 10" }),
        event({ id: "another", perMinute: 60 }),
      ].join("\n"),
      settings: { FANS: 60, BOTS: 4, JOINS: 300, HOARD: 8, AWAIT_EXPIRY: "35s" },
    }));

  test("no-show", () =>
    holds("no-show", {
      events: event({ perMinute: 300, fields: "call_window_seconds = 10" }),
      settings: { FANS: 200, CLOSED: "10s" },
      also: ({ counters }) => {
        for (const name of ["fans_left", "fans_came_back", "calls_missed", "fans_missed_twice", "permits_offered"]) {
          assert.ok(counters[name] > 0, `${name} is 0: it was not proven`);
        }
      },
    }));

  test("stampede", () =>
    holds("stampede", {
      events: event({ perMinute: 300 }),
      settings: { FANS: 250, NO_SHOW: 0.4 },
      also: ({ counters }) => assert.ok(counters.permits_offered > 0, "never idle was not proven"),
    }));

  test("prequeue", () =>
    holds("prequeue", {
      events: event({ perMinute: 300, fields: onSaleIn(20) }),
      settings: { FANS: 170, NO_SHOW: 0.3 },
      also: ({ counters }) => assert.ok(counters.permits_offered > 0, "never idle was not proven"),
    }));

  test("checkout", () =>
    holds("checkout", {
      events: event({ perMinute: 300, stock: 30 }),
      settings: { FANS: 80, NO_SHOW: 0 },
      also: ({ counters }) => assert.ok(counters.orders_refused > 0, "the stock did not run out"),
    }));

  test("soak", () =>
    holds("soak", {
      events: event({ perMinute: 300 }),
      settings: { DURATION: "20s", PER_MINUTE: 800, MAX_WAIT: "60s", NO_SHOW: 0.3, ANSWER_P99: "5s" },
    }));
});
