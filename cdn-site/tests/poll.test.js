import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff, pollDelay } from "../js/lib/poll.js";

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
