import assert from "node:assert/strict";
import { test } from "node:test";
import { countdown, etaBand, etaWords, minutesDown, minutesUp, turnTime } from "../js/lib/eta.js";

const words = (low, high) => etaWords(low * 60, high * 60);

test("ranges in plain words", () => {
  assert.deepEqual(words(12, 15), { key: "eta.range_minutes", params: { low: 12, high: 15 } });
  assert.deepEqual(words(11.2, 14.4), { key: "eta.range_minutes", params: { low: 11, high: 15 } });
  assert.deepEqual(words(31, 44), { key: "eta.range_minutes", params: { low: 30, high: 45 } });
  assert.deepEqual(words(70, 100), { key: "eta.range_hours", params: { low: 70, high: 105 } });
  assert.deepEqual(words(15, 15), { key: "eta.minutes", params: { high: 15 } });
  assert.deepEqual(words(0.5, 3), { key: "eta.up_to", params: { high: 3 } });
  assert.deepEqual(words(0.5, 0.95), { key: "eta.minute", params: {} });
  assert.deepEqual(words(0.1, 0.5), { key: "eta.moments", params: {} });
});

test("the words hold what the numbers say", () => {
  for (let seconds = 1; seconds < 40_000; seconds += 13) {
    assert.ok(minutesDown(seconds) * 60 <= seconds);
    assert.ok(minutesUp(seconds) * 60 >= seconds);
  }
});

test("rounded bounds fall with the seconds, across every change of rounding", () => {
  let [low, high] = [Infinity, Infinity];
  for (let seconds = 30_000; seconds > 0; seconds -= 7) {
    assert.ok(minutesDown(seconds) <= low, `low climbs at ${seconds} s`);
    assert.ok(minutesUp(seconds) <= high, `high climbs at ${seconds} s`);
    [low, high] = [minutesDown(seconds), minutesUp(seconds)];
  }
});

test("announced bands are few and only fall", () => {
  let band = Infinity;
  const heard = new Set();
  for (let seconds = 14_000; seconds >= 0; seconds -= 5) {
    const next = etaBand(seconds);
    assert.ok(next <= band);
    band = next;
    heard.add(next);
  }
  assert.equal(band, 0);
  assert.ok(heard.size <= 12);
  assert.equal(etaBand(null), null);
});

test("the time of the turn is rounded as finely as it deserves", () => {
  const now = Date.parse("2026-11-21T20:00:30Z");
  assert.equal(new Date(turnTime(now, 600)).toISOString(), "2026-11-21T20:11:00.000Z");
  assert.equal(new Date(turnTime(now, 2400)).toISOString(), "2026-11-21T20:45:00.000Z");
});

test("countdowns", () => {
  assert.equal(countdown(119_400).clock, "2:00");
  assert.equal(countdown(9_000).clock, "0:09");
  assert.equal(countdown(-5).clock, "0:00");
  assert.equal(countdown(3_725_000).clock, "1:02:05");
  assert.deepEqual(countdown(190_000_000).days, 2);
  assert.equal(countdown(3 * 86_400_000 - 60_000).days, 3);
  assert.deepEqual(countdown(2 * 86_400_000 - 60_000), { days: 0, clock: "47:59:00", seconds: 172_740 });
});
