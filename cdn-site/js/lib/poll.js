/** @typedef {import("./contract.js").PollPolicy} PollPolicy */

/** Used until the first board has told the server's own policy. */
export const FALLBACK_POLICY = { min_ms: 2000, max_ms: 30000, eta_fraction: 0.1, jitter: 0.25, hidden_ms: 40000 };

export const WITHOUT_ETA_MS = 5000;

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
  return jittered(base, policy, random);
}

/** Over how long after a published moment the pages spread their first look. */
const MOMENT_SPREAD_MS = 4000;

/**
 * Milliseconds until the next look at the board, while a published moment is awaited: the opening, or the draw.
 *
 * Everybody awaits the same moment, and before it a board has nothing to tell but that it was put off or a message. So
 * nobody asks more often as it comes near, and the first looks after it are spread; in a draw being early gains nothing.
 *
 * @param {object} situation
 * @param {number} situation.remainingMs until the moment, by the server's clock
 * @param {PollPolicy} situation.policy
 * @param {boolean} situation.hidden
 * @param {number} situation.random in [0, 1)
 */
export function momentDelay({ remainingMs, policy, hidden, random }) {
  const rarely = jittered(hidden ? policy.hidden_ms : policy.max_ms, policy, random);
  return Math.round(Math.min(rarely, remainingMs + policy.min_ms / 2 + random * MOMENT_SPREAD_MS));
}

const STOCK_FRACTION = 0.2;
const STOCK_MIN_MS = 45_000;
const STOCK_MAX_MS = 300_000;

/**
 * Milliseconds until the next look at prices and stock: a fifth of what is left to wait. The page says of when they are.
 *
 * @param {object} situation
 * @param {number|null} situation.etaSeconds time until something can happen to this fan; null when unknown
 * @param {number} situation.random in [0, 1)
 */
export function stockDelay({ etaSeconds, random }) {
  const base = Math.min(STOCK_MAX_MS, Math.max(STOCK_MIN_MS, (etaSeconds ?? 0) * 1000 * STOCK_FRACTION));
  return Math.round(base * (0.8 + 0.4 * random));
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

/** @param {number} base @param {PollPolicy} policy @param {number} random */
function jittered(base, { jitter }, random) {
  return Math.round(base * (1 + jitter * (2 * random - 1)));
}
