import assert from "node:assert/strict";
import { test } from "node:test";
import { excuse, steady } from "../js/lib/steady.js";

const eta = (mid) => ({ mid, low: mid * 0.9, high: mid * 1.2 });
const fresh = (ahead, seconds, excused = false) => ({ ahead, eta: seconds === null ? null : eta(seconds), excused });

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

test("they may climb when the board says why, but progress stays", () => {
  let shown = steady(null, fresh(1000, 600));
  shown = steady(shown, fresh(500, 300));
  const slower = steady(shown, fresh(520, 900, true));
  assert.equal(slower.ahead, 520);
  assert.equal(slower.mid, 900);
  assert.equal(slower.progress, shown.progress);
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

test("the board's reasons", () => {
  const now = Date.parse("2026-11-21T10:30:00Z");
  const board = { phase: "admitting", slowed_at: null };
  assert.equal(excuse(board, now, null), null);
  assert.equal(excuse({ ...board, phase: "paused" }, now, null), "paused");
  assert.equal(excuse({ ...board, phase: "recovering" }, now, null), "recovering");
  assert.equal(excuse({ ...board, slowed_at: "2026-11-21T10:29:00Z" }, now, null), "slowed");
  assert.equal(excuse({ ...board, slowed_at: "2026-11-21T09:29:00Z" }, now, null), null);
  assert.equal(excuse(board, now, now - 5000), "rebuilt");
  assert.equal(excuse(board, now, now - 500_000), null);
});
