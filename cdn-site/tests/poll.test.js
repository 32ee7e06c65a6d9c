import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff, momentDelay, pollDelay, stockDelay } from "../js/lib/poll.js";

const policy = { min_ms: 1500, max_ms: 30_000, eta_fraction: 0.1, jitter: 0.25, hidden_ms: 40_000 };
const delay = (over) => pollDelay({ etaSeconds: 100, policy, hidden: false, random: 0.5, ...over });

test("a tenth of the wait, within the server's bounds", () => {
  assert.equal(delay({}), 10_000);
  assert.equal(delay({ etaSeconds: 3 }), 1500);
  assert.equal(delay({ etaSeconds: 0 }), 1500);
  assert.equal(delay({ etaSeconds: 9000 }), 30_000);
  assert.equal(delay({ etaSeconds: Number.MAX_SAFE_INTEGER }), 30_000);
});

test("five seconds without an estimate, rarely in a hidden tab", () => {
  assert.equal(delay({ etaSeconds: null }), 5000);
  assert.equal(delay({ hidden: true, etaSeconds: 1 }), 40_000);
});

test("jitter stays within its share on both sides", () => {
  assert.equal(delay({ random: 0 }), 7500);
  assert.ok(delay({ random: 0.999999 }) <= 12_500);
});

test("an awaited moment: nobody asks more often as it comes near, and the first looks after it are spread", () => {
  const until = (remainingMs, random, hidden = false) => momentDelay({ remainingMs, policy, hidden, random });
  assert.equal(until(3_600_000, 0.5), 30_000);
  assert.equal(until(3_600_000, 0.5, true), 40_000);
  for (const remaining of [20_000, 3000, 1]) {
    const looks = [0, 0.25, 0.5, 0.75, 0.999].map((random) => until(remaining, random) - remaining);
    assert.ok(looks.every((after) => after > 0 && after < 5000), `after the moment, and soon: ${looks}`);
    assert.ok(looks.at(-1) - looks[0] > 3500, `not all at once: ${looks}`);
  }
  // From a minute before to the moment, each page asks twice or so.
  let asked = 0;
  for (let left = 60_000; left > 0; asked += 1) left -= until(left, Math.random());
  assert.ok(asked <= 4, `${asked} times`);
});

test("stock is asked for rarely while the turn is far, and every 45 s when it is near", () => {
  const after = (etaSeconds) => stockDelay({ etaSeconds, random: 0.5 });
  assert.equal(after(null), 45_000);
  assert.equal(after(60), 45_000);
  assert.equal(after(600), 120_000);
  assert.equal(after(7200), 300_000);
  assert.equal(after(Number.MAX_SAFE_INTEGER), 300_000);
});

test("failures back off, spread out, and respect what the server asked for", () => {
  assert.ok(backoff(1, 0) >= 1000 && backoff(1, 0.99) <= 2000);
  assert.ok(backoff(20, 0.99) <= 30_000);
  assert.ok(backoff(20, 0) >= 15_000);
  assert.ok(backoff(1, 0, 60_000) >= 60_000);
  let before = 0;
  for (let failures = 1; failures < 10; failures += 1) {
    assert.ok(backoff(failures, 0.5) >= before);
    before = backoff(failures, 0.5);
  }
});
