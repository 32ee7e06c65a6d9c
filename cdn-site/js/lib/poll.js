/** @typedef {import("./contract.js").PollPolicy} PollPolicy */

/** Used until the first board has told the server's own policy. */
export const FALLBACK_POLICY = { min_ms: 2000, max_ms: 30000, eta_fraction: 0.1, jitter: 0.25, hidden_ms: 40000 };

const WITHOUT_ETA_MS = 5000;

/**
 * Milliseconds until the next look at the board.
 *
 * @param {object} situation
 * @param {number|null} situation.etaSeconds time until something can happen to this fan; null when unknown
 * @param {PollPolicy} situation.policy
 * @param {boolean} situation.hidden
 * @param {number} situation.random in [0, 1)
 */
export function pollDelay({ etaSeconds, policy, hidden, random }) {
  let base = WITHOUT_ETA_MS;
  if (hidden) base = policy.hidden_ms;
  else if (etaSeconds !== null) {
    base = Math.min(policy.max_ms, Math.max(policy.min_ms, etaSeconds * 1000 * policy.eta_fraction));
  }
  return Math.round(base * (1 + policy.jitter * (2 * random - 1)));
}

/**
 * Milliseconds to wait after the n-th failure in a row (n from 1).
 *
 * Full jitter over the upper half: when a server comes back, a hundred thousand pages must not arrive together.
 *
 * @param {number} failures
 * @param {number} random in [0, 1)
 * @param {number} [atLeastMs] what a Retry-After asked for
 */
export function backoff(failures, random, atLeastMs = 0) {
  const ceiling = Math.min(30000, 1000 * 2 ** Math.min(failures, 6));
  return Math.max(atLeastMs, 0) + Math.round(ceiling / 2 + (random * ceiling) / 2);
}
