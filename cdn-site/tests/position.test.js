import assert from "node:assert/strict";
import { test } from "node:test";
import { aheadOf, etaOf, isNewerThan, secondsAtTheRate } from "../js/lib/position.js";

const START = 1_795_250_000_000_000;
const board = { marks: [[START, 0], [START + 1000, 10], [START + 3000, 20], [START + 103_000, 120]], waiting: 150 };

test("a place on a mark has the mark's rank", () => {
  for (const [place, rank] of board.marks) assert.equal(aheadOf(place, board), rank);
});

test("a place between two marks is interpolated and rounded", () => {
  assert.equal(aheadOf(START + 2000, board), 15);
  assert.equal(aheadOf(START + 53_000, board), 70);
  assert.equal(aheadOf(START + 3001, board), 20);
});

test("before the first mark nobody new is ahead, behind the last everybody is", () => {
  assert.equal(aheadOf(START - 5, board), 0);
  assert.equal(aheadOf(START + 999_999, board), 150);
  assert.equal(aheadOf(START, { marks: [], waiting: 7 }), 7);
});

test("marks that share a place are no gap to divide by", () => {
  const marks = [[START, 0], [START + 10, 10], [START + 10, 11]];
  assert.equal(aheadOf(START + 10, { marks, waiting: 12 }), 10);
});

test("everybody at the head has an exact rank, whatever the marks say", () => {
  const unit = 871_117;
  const gaps = [1, 3, 1_000, 0, 12];
  const head = { first: START, unit, gaps };
  const marks = [[START, 0], [START + 2_000 * unit, 400]];
  const places = [0, unit + 5, 4 * unit + 9, 1_004 * unit + 1, 1_004 * unit + 2, 1_017 * unit - 1].map((n) => START + n);
  assert.deepEqual(places.map((place) => aheadOf(place, { head, marks, waiting: 500 })), [0, 1, 2, 3, 3, 5]);
  assert.equal(aheadOf(START - 7, { head, marks, waiting: 500 }), 0);
  assert.equal(aheadOf(START + 1_500 * unit, { head, marks, waiting: 500 }), 300);
  assert.equal(aheadOf(START, { head: { first: START, unit: 1, gaps: [] }, marks: [[START, 0]], waiting: 1 }), 0);
  assert.equal(aheadOf(START + 1, { head: { first: START, unit: 1, gaps: [] }, marks: [[START, 0]], waiting: 1 }), 1);
});

test("a board from before a fan arrived says nothing of the people ahead of that fan", () => {
  const at = new Date(START / 1000).toISOString();
  assert.equal(isNewerThan(START + 1000, { at }), true);
  assert.equal(isNewerThan(START - 1000, { at }), false);
  const drawn = 2 ** 49;
  assert.equal(isNewerThan(drawn, { at: new Date(0).toISOString() }), false);
});

test("a later place never has fewer people ahead", () => {
  let before = 0;
  for (let place = START - 100; place < START + 110_000; place += 97) {
    const ahead = aheadOf(place, board);
    assert.ok(ahead >= before);
    before = ahead;
  }
});

test("places near 2^53 stay exact", () => {
  const top = 2 ** 53 - 1;
  const marks = [[top - 4, 0], [top, 4]];
  assert.deepEqual([4, 3, 2, 1, 0].map((back) => aheadOf(top - back, { marks, waiting: 5 })), [0, 1, 2, 3, 4]);
});

const moving = { phase: "admitting", observed_per_minute: 600, observed_low_per_minute: 500, observed_high_per_minute: 750 };

test("the estimate comes from the observed speed and its bounds", () => {
  assert.deepEqual(etaOf(6000, moving), { mid: 600, low: 480, high: 720 });
});

test("without bounds, both are the estimate", () => {
  const bare = { ...moving, observed_low_per_minute: null, observed_high_per_minute: null };
  assert.deepEqual(etaOf(600, bare), { mid: 60, low: 60, high: 60 });
});

test("no estimate while nothing moves or nothing was observed", () => {
  assert.equal(etaOf(10, { ...moving, phase: "paused" }), null);
  assert.equal(etaOf(10, { ...moving, phase: "recovering" }), null);
  assert.equal(etaOf(10, { ...moving, observed_per_minute: null }), null);
  assert.equal(etaOf(10, { ...moving, observed_per_minute: 0 }), null);
});

test("without an estimate the rate in force tells how near the turn may be", () => {
  assert.equal(secondsAtTheRate(300, { rate_per_minute: 600 }), 30);
  assert.equal(secondsAtTheRate(0, { rate_per_minute: 600 }), 0);
});
