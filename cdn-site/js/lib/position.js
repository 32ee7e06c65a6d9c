/** @typedef {import("./contract.js").Board} Board */

/**
 * People ahead of a place, read off the board: at the head exactly, behind it between two marks.
 *
 * Places are integers below 2^53, so differences of two of them are exact; only the interpolation rounds.
 *
 * @param {number} place
 * @param {Pick<Board, "head"|"marks"|"waiting">} board
 * @returns {number}
 */
export function aheadOf(place, board) {
  const { head, marks, waiting } = board;
  const rank = head ? rankInHead(place, head) : null;
  if (rank !== null) return rank;
  if (marks.length === 0) return waiting;
  const last = marks[marks.length - 1];
  if (place > last[0]) return waiting;
  if (place <= marks[0][0]) return marks[0][1];
  let low = 0;
  let high = marks.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (marks[middle][0] < place) low = middle;
    else high = middle;
  }
  const [fromPlace, fromRank] = marks[low];
  const [toPlace, toRank] = marks[high];
  const share = (place - fromPlace) / (toPlace - fromPlace);
  return Math.round(fromRank + share * (toRank - fromRank));
}

/**
 * How many of the first people in the queue stand before a place: the first place, and from one to the next so many
 * whole units. Null behind all of them.
 *
 * @param {number} place
 * @param {NonNullable<Board["head"]>} head
 * @returns {number|null}
 */
function rankInHead(place, { first, unit, gaps }) {
  const offset = Math.max(place - first, 0);
  const wanted = (offset - (offset % unit)) / unit;
  let units = 0;
  for (let rank = 0; rank < gaps.length; rank += 1) {
    if (units >= wanted) return rank;
    units += gaps[rank];
  }
  return units >= wanted ? gaps.length : null;
}

const FIRST_ARRIVAL = 2 ** 50;

/**
 * Whether a place was given after the board was made. Such a board does not know who came in between, so what it says
 * of the people ahead is too good. An arrival's place is its time in microseconds; the pre-queue's are older than any
 * board that has marks.
 *
 * @param {number} place
 * @param {Pick<Board, "at">} board
 * @returns {boolean}
 */
export function isNewerThan(place, board) {
  return place >= FIRST_ARRIVAL && place / 1000 > Date.parse(board.at);
}

/**
 * @typedef {object} Eta seconds until the turn: the best estimate and its bounds
 * @property {number} mid
 * @property {number} low
 * @property {number} high
 */

/**
 * How many seconds the people ahead take at the rate in force: tells how often to ask as long as nobody knows how long
 * to wait.
 *
 * @param {number} ahead
 * @param {Pick<Board, "rate_per_minute">} board
 */
export function secondsAtTheRate(ahead, board) {
  return (ahead / Math.max(board.rate_per_minute, 1)) * 60;
}

/**
 * The wait from the observed speed of the frontier; null while nothing moves or nothing was observed.
 *
 * @param {number} ahead
 * @param {Pick<Board, "phase"|"observed_per_minute"|"observed_low_per_minute"|"observed_high_per_minute">} board
 * @returns {Eta|null}
 */
export function etaOf(ahead, board) {
  const speed = board.observed_per_minute;
  if (board.phase !== "admitting" || !speed || speed <= 0) return null;
  const slow = board.observed_low_per_minute || speed;
  const fast = board.observed_high_per_minute || speed;
  return {
    mid: (ahead / speed) * 60,
    low: (ahead / Math.max(fast, speed)) * 60,
    high: (ahead / Math.min(slow, speed)) * 60,
  };
}
