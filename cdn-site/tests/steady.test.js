import assert from "node:assert/strict";
import { test } from "node:test";
import { excuse, lesser, steady } from "../js/lib/steady.js";

const eta = (mid) => ({ mid, low: mid * 0.9, high: mid * 1.2 });
const fresh = (ahead, seconds, climbs = null) => ({ ahead, eta: seconds === null ? null : eta(seconds), at: 1000, climbs });

test("numbers fall freely and never climb", () => {
  let shown = steady(null, fresh(1000, 600));
  let before = shown;
  for (const [ahead, seconds] of [[900, 550], [950, 640], [880, 300], [881, 301], [870, 900]]) {
    shown = steady(shown, fresh(ahead, seconds));
    assert.ok(shown.ahead <= before.ahead);
    assert.ok(shown.low <= before.low && shown.mid <= before.mid && shown.high <= before.high);
    assert.ok(shown.progress >= before.progress);
    before = shown;
  }
  assert.equal(shown.ahead, 870);
  assert.equal(shown.mid, 300);
});

test("an estimate that is held back is marked, so that the page can say so", () => {
  const shown = steady(steady(null, fresh(1000, 300)), fresh(990, 900));
  assert.equal(shown.mid, 300);
  assert.equal(shown.held, true);
  assert.equal(steady(shown, fresh(300, 290)).held, false);
});

test("an operator who slows down makes the wait longer, and moves nobody back", () => {
  const shown = steady(steady(null, fresh(1000, 600)), fresh(500, 300));
  for (const reason of ["slowed", "paused"]) {
    const slower = steady(shown, fresh(520, 900, reason));
    assert.equal(slower.mid, 900);
    assert.equal(slower.ahead, 500);
    assert.equal(slower.progress, shown.progress);
  }
});

test("a queue that was put back in order may show more people ahead, but progress stays", () => {
  const shown = steady(steady(null, fresh(1000, 600)), fresh(500, 300));
  const rebuilt = steady(shown, fresh(520, 900, "rebuilt"));
  assert.equal(rebuilt.ahead, 520);
  assert.equal(rebuilt.progress, shown.progress);
});

test("no tab takes back what another tab of the browser has shown", () => {
  const asleep = steady(null, fresh(1000, null));
  const awake = steady(steady(null, fresh(1000, 600)), fresh(400, 250));
  for (const both of [lesser(asleep, awake), lesser(awake, asleep)]) {
    assert.deepEqual([both.ahead, both.mid, both.progress], [400, 250, awake.progress]);
    assert.equal(steady(both, fresh(410, 260)).ahead, 400);
  }
  assert.equal(lesser(null, awake), awake);
  assert.equal(lesser(asleep, null), asleep);
});

test("without an estimate the last one is kept for later", () => {
  const shown = steady(steady(null, fresh(1000, 600)), fresh(900, null));
  assert.equal(shown.mid, 600);
  assert.equal(shown.ahead, 900);
});

test("an estimate that comes later than the first board is taken", () => {
  assert.equal(steady(steady(null, fresh(1000, null)), fresh(900, 400)).mid, 400);
});

test("nobody ahead is the end of the line", () => {
  assert.equal(steady(steady(null, fresh(10, 5)), fresh(0, 0)).progress, 1);
});

test("the reasons for numbers that climb", () => {
  const now = Date.parse("2026-11-21T10:30:00Z");
  const board = { phase: "admitting", slowed_at: null };
  const nothing = { reseatedAt: null, slowedSeenAt: null };
  assert.equal(excuse(board, now, nothing), null);
  assert.equal(excuse({ ...board, phase: "paused" }, now, nothing), "paused");
  assert.equal(excuse({ ...board, phase: "recovering" }, now, nothing), "recovering");
  assert.equal(excuse({ ...board, slowed_at: "2026-11-21T10:29:00Z" }, now, nothing), "slowed");
  assert.equal(excuse({ ...board, slowed_at: "2026-11-21T09:29:00Z" }, now, nothing), null);
  assert.equal(excuse({ ...board, slowed_at: "2026-11-21T09:29:00Z" }, now, { ...nothing, slowedSeenAt: now }), "slowed");
  assert.equal(excuse(board, now, { ...nothing, reseatedAt: now - 5000 }), "rebuilt");
  assert.equal(excuse(board, now, { ...nothing, reseatedAt: now - 500_000 }), null);
});
