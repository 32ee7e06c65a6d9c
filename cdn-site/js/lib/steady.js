/**
 * Keeps the numbers on the page from climbing.
 *
 * Position and estimate only fall: while the page is open, over a reload, and from one tab to the next. The estimate may
 * rise when the board itself names the reason (the operator slowed down, a pause), the position only when the queue was
 * put back in order after a lost store; the page then says so. Progress never goes back at all, whatever happened.
 *
 * @typedef {object} Shown
 * @property {number} start people ahead when the wait began: the length of the progress line
 * @property {number} ahead
 * @property {number|null} low seconds
 * @property {number|null} mid seconds
 * @property {number|null} high seconds
 * @property {number} progress 0 to 1
 * @property {boolean} held the fresh estimate is worse than the one shown
 * @property {number} at of when the board is that this rests on: milliseconds by the server's clock
 *
 * @typedef {"paused"|"recovering"|"slowed"|"rebuilt"} Reason
 */

/**
 * @param {Shown|null} before
 * @param {{ahead: number, eta: import("./position.js").Eta|null, at: number, climbs: Reason|null}} fresh
 * @returns {Shown}
 */
export function steady(before, { ahead, eta, at, climbs }) {
  if (before === null) {
    return {
      start: ahead,
      ahead,
      low: eta?.low ?? null,
      mid: eta?.mid ?? null,
      high: eta?.high ?? null,
      progress: 0,
      held: false,
      at,
    };
  }
  const reordered = climbs === "rebuilt" || climbs === "recovering";
  const shownAhead = reordered ? ahead : Math.min(before.ahead, ahead);
  const start = Math.max(before.start, shownAhead);
  const progress = start === 0 ? 1 : Math.max(before.progress, 1 - shownAhead / start);
  if (eta === null) {
    return { ...before, start, ahead: shownAhead, progress, held: false, at };
  }
  const low = climbs ? eta.low : fallen(before.low, eta.low);
  const mid = climbs ? eta.mid : fallen(before.mid, eta.mid);
  const high = climbs ? eta.high : fallen(before.high, eta.high);
  const held = eta.low > high * 1.1 && eta.low - high > 30;
  return { start, ahead: shownAhead, low: Math.min(low, high), mid, high, progress, held, at };
}

/**
 * The lower of what two tabs of one browser have shown.
 *
 * @param {Shown|null} mine
 * @param {Shown|null} other
 * @returns {Shown|null}
 */
export function lesser(mine, other) {
  if (mine === null || other === null) return mine ?? other;
  return {
    start: Math.max(mine.start, other.start),
    ahead: Math.min(mine.ahead, other.ahead),
    low: fallen(mine.low, other.low),
    mid: fallen(mine.mid, other.mid),
    high: fallen(mine.high, other.high),
    progress: Math.max(mine.progress, other.progress),
    held: mine.held,
    at: Math.max(mine.at, other.at),
  };
}

/**
 * @template {number|null} T
 * @param {number|null} before @param {T} fresh
 * @returns {T|number}
 */
function fallen(before, fresh) {
  if (before === null || fresh === null) return before ?? fresh;
  return Math.min(before, fresh);
}

/** How long after a slow-down the observed speed is still catching up with it. */
const SETTLING_MS = 180_000;

/**
 * The reason for numbers that climb, if there is one.
 *
 * @param {Pick<import("./contract.js").Board, "phase"|"slowed_at">} board
 * @param {number} now milliseconds by the server's clock
 * @param {object} seen what this page has witnessed, in milliseconds by the server's clock
 * @param {number|null} seen.reseatedAt when it saw the epoch change
 * @param {number|null} seen.slowedSeenAt when it learned that the operator had slowed down while nobody looked
 * @returns {Reason|null}
 */
export function excuse(board, now, { reseatedAt, slowedSeenAt }) {
  if (board.phase === "paused") return "paused";
  if (board.phase === "recovering") return "recovering";
  if (reseatedAt !== null && now - reseatedAt < SETTLING_MS) return "rebuilt";
  const slowedAt = Math.max(board.slowed_at ? Date.parse(board.slowed_at) : -Infinity, slowedSeenAt ?? -Infinity);
  return now - slowedAt < SETTLING_MS ? "slowed" : null;
}
