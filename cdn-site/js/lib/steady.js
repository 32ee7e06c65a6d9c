/**
 * Keeps the numbers on the page from climbing.
 *
 * Position and estimate only fall while the page is open. They may rise when the board itself names the reason (the
 * operator slowed down, a pause, a store that is being rebuilt), and then the page says so; `excused` is that reason.
 * Progress never goes back at all, whatever happened.
 *
 * @typedef {object} Shown
 * @property {number} start people ahead when the wait began: the length of the progress line
 * @property {number} ahead
 * @property {number|null} low seconds
 * @property {number|null} mid seconds
 * @property {number|null} high seconds
 * @property {number} progress 0 to 1
 * @property {boolean} held the fresh estimate is worse than the one shown
 */

/**
 * @param {Shown|null} before
 * @param {{ahead: number, eta: import("./position.js").Eta|null, excused: boolean}} fresh
 * @returns {Shown}
 */
export function steady(before, { ahead, eta, excused }) {
  if (before === null) {
    return {
      start: ahead,
      ahead,
      low: eta?.low ?? null,
      mid: eta?.mid ?? null,
      high: eta?.high ?? null,
      progress: 0,
      held: false,
    };
  }
  const shownAhead = excused ? ahead : Math.min(before.ahead, ahead);
  const start = Math.max(before.start, shownAhead);
  const progress = start === 0 ? 1 : Math.max(before.progress, 1 - shownAhead / start);
  if (eta === null) {
    return { ...before, start, ahead: shownAhead, progress, held: false };
  }
  const low = excused ? eta.low : fallen(before.low, eta.low);
  const mid = excused ? eta.mid : fallen(before.mid, eta.mid);
  const high = excused ? eta.high : fallen(before.high, eta.high);
  const held = eta.low > high * 1.1 && eta.low - high > 30;
  return { start, ahead: shownAhead, low: Math.min(low, high), mid, high, progress, held };
}

/** @param {number|null} before @param {number} fresh */
function fallen(before, fresh) {
  return before === null ? fresh : Math.min(before, fresh);
}

/** How long after a slow-down the observed speed is still catching up with it. */
const SETTLING_MS = 180_000;

/**
 * The reason the board gives for numbers that climb, if any.
 *
 * @param {Pick<import("./contract.js").Board, "phase"|"slowed_at">} board
 * @param {number} now milliseconds by the server's clock
 * @param {number|null} reseatedAt when this page last saw the epoch change
 * @returns {"paused"|"recovering"|"slowed"|"rebuilt"|null}
 */
export function excuse(board, now, reseatedAt) {
  if (board.phase === "paused") return "paused";
  if (board.phase === "recovering") return "recovering";
  if (reseatedAt !== null && now - reseatedAt < SETTLING_MS) return "rebuilt";
  if (board.slowed_at && now - Date.parse(board.slowed_at) < SETTLING_MS) return "slowed";
  return null;
}
