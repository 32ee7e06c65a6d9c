import assert from "node:assert/strict";
import { test } from "node:test";
import { serverClock } from "../js/lib/clock.js";

test("the server's time counts, whatever the browser believes", () => {
  let ticks = 500;
  const clock = serverClock(() => ticks);
  assert.equal(clock.known, false);
  clock.observe("2031-05-01T12:00:00Z");
  ticks += 90_000;
  assert.equal(new Date(clock.now()).toISOString(), "2031-05-01T12:01:30.000Z");
});

test("a stale cached answer doesn't set it back", () => {
  let ticks = 0;
  const clock = serverClock(() => ticks);
  clock.observe("2031-05-01T12:00:00Z");
  ticks += 5000;
  clock.observe("2031-05-01T12:00:01Z");
  assert.equal(new Date(clock.now()).toISOString(), "2031-05-01T12:00:05.000Z");
});

test("it catches up after a sleep during which its own ticks stood still", () => {
  let ticks = 0;
  const clock = serverClock(() => ticks);
  clock.observe("2031-05-01T12:00:00Z");
  ticks += 1000;
  clock.observe("2031-05-01T13:00:00Z");
  assert.equal(new Date(clock.now()).toISOString(), "2031-05-01T13:00:00.000Z");
});

test("an offset that was too large is forgotten in time, and nonsense is ignored", () => {
  let ticks = 0;
  const clock = serverClock(() => ticks);
  clock.observe("2031-05-01T14:00:00Z");
  clock.observe("nonsense");
  clock.observe(null);
  for (let i = 0; i < 10; i += 1) clock.observe("2031-05-01T12:00:00Z");
  assert.equal(new Date(clock.now()).toISOString(), "2031-05-01T12:00:00.000Z");
});
