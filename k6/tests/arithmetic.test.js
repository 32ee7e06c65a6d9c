// The arithmetic behind the thresholds.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judge } from "../judge.js";
import { Demand } from "../lib/demand.js";
import { RateRecord } from "../lib/rates.js";
import { moment, plan, read, seconds, share, whole } from "../lib/settings.js";
import { busyOf, doorOf, holds } from "../lib/verdict.js";
import { Windows, windowsOf } from "../lib/windows.js";
import { Witness } from "../lib/witness.js";

test("a moment is in every window that holds it and in no other", () => {
  const windows = new Windows({ length: 10, step: 3, end: 30 });
  for (let second = 0; second < 30; second += 0.5) {
    const expected = windows.starts().filter((start) => start <= second && second < start + 10);
    assert.deepEqual(windows.holding(second).sort((a, b) => a - b), expected, `at ${second}`);
  }
});

test("a moment before or long after the run is in no window that has a threshold", () => {
  const windows = new Windows({ length: 10, step: 1, end: 30 });
  assert.deepEqual(windows.holding(-1), []);
  assert.deepEqual(windows.holding(60), []);
});

test("a long run has no more windows than a short one", () => {
  for (const length of [60, 660, 4 * 3600, 48 * 3600]) {
    const windows = windowsOf(length, 60);
    const count = Object.values(windows).reduce((sum, kind) => sum + kind.starts().length, 0);
    assert.ok(count < 3_000, `${length} s: ${count}`);
    assert.ok(windows.whole.length >= length);
    assert.ok(windows.idle.length >= 60);
  }
});

const at600 = () => {
  const rates = new RateRecord({ settle: 5, tick: 1 });
  for (let second = 0; second <= 60; second += 1) rates.observe(second, 600);
  return rates;
};

test("the rate allows rate × T and one tick's batch, not one more", () => {
  assert.equal(at600().allowed(10, 20), 110);
  assert.equal(at600().allowed(0, 60), 610);
});

test("a rate below one a tick still lets one in at its time", () => {
  const rates = new RateRecord({ settle: 5, tick: 1 });
  rates.observe(0, 6);
  assert.equal(rates.allowed(0, 10), 2);
});

test("a raised rate counts from the last board that told the lower one", () => {
  const rates = at600();
  rates.observe(61, 1200);
  assert.equal(rates.allowed(40, 60), 210);
  assert.equal(rates.allowed(61, 71), 220);
  assert.equal(rates.allowed(50, 60.5), 100 + 10 + 20);
});

test("a lowered rate counts on until every instance must know", () => {
  const rates = at600();
  rates.observe(61, 60);
  rates.observe(100, 60);
  assert.equal(rates.allowed(66, 76), 11);
  assert.equal(rates.allowed(61, 71), 50 + 5 + 10);
});

test("nothing is allowed while the door is shut", () => {
  const rates = at600();
  rates.observe(61, 0);
  rates.observe(99, 0);
  rates.observe(100, 600);
  assert.equal(rates.allowed(66, 99), 0);
  assert.equal(rates.allowed(66, 100), 10 + 10);
});

test("boards that arrive late or twice change nothing", () => {
  const rates = at600();
  rates.observe(30, 1_000_000);
  rates.observe(60, 600);
  assert.equal(rates.allowed(10, 20), 110);
});

const waits = { waits: true, perMinute: 600, epoch: 1 };

function demanded(seen) {
  const demand = new Demand({ windows: new Windows({ length: 10, step: 5, end: 100 }), warmUp: 5, tick: 1 });
  return seen.flatMap(([second, circumstances]) => demand.observe(second, circumstances));
}

test("ten seconds of waiting fans want 95 % of ten seconds' permits, but for one tick's batch", () => {
  const seen = Array.from({ length: 30 }, (_, second) => [second, waits]);
  assert.deepEqual(demanded(seen), [
    { from: 5, offered: 100, required: 85 },
    { from: 10, offered: 100, required: 85 },
    { from: 15, offered: 100, required: 85 },
  ]);
});

test("a moment without a waiting fan, a changed rate or a lost store begins it anew", () => {
  for (const break_ of [{ ...waits, waits: false }, { ...waits, perMinute: 601 }, { ...waits, epoch: 2 }]) {
    const seen = Array.from({ length: 30 }, (_, second) => [second, second === 14 ? break_ : waits]);
    const windows = demanded(seen);
    assert.deepEqual(windows, [], JSON.stringify(break_));
  }
});

function seated(place = 100, frontier = 0) {
  const witness = new Witness({ lagMs: 3_000 });
  witness.seated(1, 1_000, frontier);
  const board = (at, reached, more = {}) =>
    witness.board({ epoch: 1, at, frontier: reached, phase: "admitting", ...more }, place, at);
  return { witness, board };
}

const NOW = { epoch: 1, phase: "admitting" };

test("who is called later than somebody behind is overtaken", () => {
  const { witness, board } = seated();
  board(5_000, 99);
  assert.equal(witness.called(NOW, 9_000, 100), false);
  board(6_000, 101);
  assert.equal(witness.called(NOW, 6_000, 100), false);
  assert.equal(witness.called(NOW, 6_002, 100), true);
});

test("who still waits some seconds after somebody behind was called is overtaken", () => {
  const { witness, board } = seated();
  board(6_000, 101);
  assert.equal(witness.waiting(1, 9_000), false);
  assert.equal(witness.waiting(1, 9_001), true);
});

test("a board from before the fan came, or of another life of the store, proves nothing", () => {
  const { witness, board } = seated();
  board(1_000, 101);
  board(6_000, 101, { epoch: 2 });
  assert.equal(witness.waiting(1, 60_000), false);
  board(7_000, 101);
  assert.equal(witness.waiting(2, 60_000), false);
});

test("who came back late is overtaken only by who is called from then on", () => {
  const { witness, board } = seated(100, null);
  board(6_000, 500);
  assert.equal(witness.waiting(1, 60_000), false);
  board(7_000, 501);
  assert.equal(witness.waiting(1, 60_000), true);
});

test("while the door was shut call windows stood still, so their ends tell nothing", () => {
  const { witness, board } = seated();
  board(5_000, 0, { phase: "paused" });
  board(6_000, 101);
  assert.equal(witness.called(NOW, 30_000, 100), false);
  assert.equal(witness.waiting(1, 30_000), true);
});

test("nor do they when the door may have been shut since the last board", () => {
  const { witness, board } = seated();
  board(6_000, 101);
  assert.equal(witness.called({ ...NOW, phase: "paused" }, 30_000, 100), false);
  assert.equal(witness.called(NOW, 30_000, 3_001), false);
  assert.equal(witness.called(NOW, 30_000, 3_000), true);
});

test("settings are checked, and all that is wrong is told at once", () => {
  const wanted = { FANS: whole(10), PART: share(0.5), FOR: seconds(60), BEGAN: moment(null), PLAN: plan(null) };
  assert.deepEqual(read(wanted, {}), { FANS: 10, PART: 0.5, FOR: 60, BEGAN: null, PLAN: null });
  const given = read(wanted, { FANS: "7", PART: "0", FOR: "1.5m", BEGAN: "1795250000", PLAN: "0:600, 5:pause" });
  assert.deepEqual(given, {
    FANS: 7,
    PART: 0,
    FOR: 90,
    BEGAN: 1_795_250_000,
    PLAN: [{ second: 0, perMinute: 600 }, { second: 5, perMinute: 0 }],
  });
  assert.throws(
    () => read(wanted, { FANS: "0", PART: "1.1", FOR: "soon", BEGAN: "10:00", PLAN: "5:600,5:pause" }),
    /FANS must be .*\nPART must be .*\nFOR must be .*\nBEGAN must be .*\nPLAN must be .*/s,
  );
});

test("a balance holds when what must remain of it remains", () => {
  assert.equal(holds({ rule: "count<=0", count: -5 }), true);
  assert.equal(holds({ rule: "count<=0", count: 1 }), false);
  assert.equal(holds({ rule: "count==0", count: 0 }), true);
  assert.equal(holds({ rule: "count==0", count: -1 }), false);
});

const COUNTERS = {
  claims: 30,
  "claims{from:0}": 10,
  "claims{from:1}": 15,
  "claims{from:2}": 5,
  "claims_above_rate_10s{from:0}": -4,
  "claims_above_rate_10s{from:1}": -2,
  "claims_above_rate_in_all{from:0}": -7,
  "permits_offered{from:1}": 20,
  "permits_offered{from:2}": 0,
};

test("the busiest window and the busy share are those of the claims", () => {
  assert.deepEqual(doorOf(COUNTERS, { short: 2 }), {
    claims: 30,
    busiest: { from: 0, claims: 25, allowed: 29 },
    allowed: 37,
  });
  assert.deepEqual(busyOf(COUNTERS, { idle: 2 }), { share: 1, worst: 1, from: 1, to: 3 });
  assert.equal(doorOf({}, { short: 10 }), null);
  assert.equal(busyOf({ claims: 5 }, { idle: 10 }), null);
});

function part(counters, balances = [], failed = []) {
  const world = { event: "rehearsal", origin: 1, perMinute: 600 };
  return { story: "stampede", world, lengths: { short: 10, idle: 10 }, counters, balances, failed };
}

test("several machines are judged by the sum of their balances", () => {
  const above = (count) => [{ name: "claims_above_rate_10s{from:3}", rule: "count<=0", count }];
  assert.equal(judge([part({}, above(60)), part({}, above(-60))]).holds, true);
  assert.equal(judge([part({}, above(60)), part({}, above(-59))]).holds, false);
  const unsettled = (count) => [{ name: "orders_unsettled", rule: "count==0", count }];
  assert.equal(judge([part({}, unsettled(0)), part({}, unsettled(-1))]).holds, false);
});

test("what one machine saw fail has failed, and parts of different runs are not judged", () => {
  assert.equal(judge([part({}), part({}, [], ["fans_overtaken"])]).holds, false);
  assert.equal(judge([part({}), { ...part({}), story: "soak" }]).holds, false);
});
