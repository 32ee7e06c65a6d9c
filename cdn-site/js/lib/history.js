/**
 * The last hour of an event: a point every five seconds, from the server's history and then from the figures as they
 * come, and nothing where nobody looked.
 *
 * @typedef {object} Point
 * @property {number} at milliseconds since 1970
 * @property {number} waiting
 * @property {number} joins_per_minute
 * @property {number|null} calls_per_minute
 * @property {number} claims_per_minute
 * @property {number} rate_per_minute
 * @property {number} sessions
 * @property {number} max_active_sessions
 * @property {number|null} no_show_share
 * @property {number|null} eta_back_of_queue_seconds
 * @property {number|null} orders_confirmed
 * @property {number|null} orders_pending
 * @property {Record<string, number|null>} stock_left by offer
 * @property {string} phase
 */

const HOUR_MS = 3_600_000;
export const EVERY_MS = 5_000;
/** Points further apart than this have a gap between them: two or more are missing. */
const GAP_MS = 3 * EVERY_MS;

/** @param {any} answered a point of the server's history @returns {Point} */
export function pointOfHistory(answered) {
  return { ...answered, at: Date.parse(answered.at), stock_left: answered.stock_left ?? {} };
}

/** @param {import("./contract.js").Figures} figures @returns {Point} */
export function pointOfFigures(figures) {
  return {
    ...figures,
    at: Date.parse(figures.at),
    orders_confirmed: figures.orders?.confirmed ?? null,
    orders_pending: figures.orders?.pending ?? null,
    stock_left: Object.fromEntries(figures.offers.map(({ id, stock_left }) => [id, stock_left])),
  };
}

export function pastHour() {
  /** @type {Map<number, Point>} by five-second slot, oldest first */
  let slots = new Map();
  const slotOf = (/** @type {Point} */ { at }) => Math.floor(at / EVERY_MS);

  return {
    /** The newest point of a slot stays. @param {Point} point */
    add(point) {
      const slot = slotOf(point);
      if ((slots.get(slot)?.at ?? 0) > point.at) return;
      slots.set(slot, point);
      for (const [old, { at }] of slots) {
        if (at >= point.at - HOUR_MS) break;
        slots.delete(old);
      }
    },
    /** Puts the server's points under those that this browser saw. @param {Point[]} points */
    fill(points) {
      const all = new Map(points.map((point) => [slotOf(point), point]));
      for (const [slot, point] of slots) all.set(slot, point);
      slots = new Map([...all].sort(([a], [b]) => a - b));
    },
    clear() {
      slots.clear();
    },
    /** @param {number} from milliseconds since 1970 @returns {Point[]} */
    since(from) {
      return [...slots.values()].filter(({ at }) => at >= from);
    },
  };
}

/**
 * The points with a hole where some are missing, so that a chart does not draw a line over what nobody saw.
 *
 * @param {Point[]} points
 * @returns {{times: number[], rows: (Point|null)[]}}
 */
export function withGaps(points) {
  /** @type {number[]} */
  const times = [];
  /** @type {(Point|null)[]} */
  const rows = [];
  for (const point of points) {
    const before = times[times.length - 1];
    if (before !== undefined && point.at - before > GAP_MS) {
      times.push(before + EVERY_MS);
      rows.push(null);
    }
    times.push(point.at);
    rows.push(point);
  }
  return { times, rows };
}

/**
 * Orders confirmed in the minute before each point; null where less than half a minute of it is known, or where the
 * count began anew.
 *
 * @param {(Point|null)[]} rows
 * @returns {(number|null)[]}
 */
export function confirmedPerMinute(rows) {
  let first = 0;
  return rows.map((row, index) => {
    if (row === null) {
      first = index + 1;
      return null;
    }
    while (first < index && (rows[first]?.at ?? 0) < row.at - 60_000) first += 1;
    const then = rows[first];
    if (!then || row.orders_confirmed === null || then.orders_confirmed === null) return null;
    const seconds = (row.at - then.at) / 1000;
    const confirmed = row.orders_confirmed - then.orders_confirmed;
    return seconds < 30 || confirmed < 0 ? null : (confirmed / seconds) * 60;
  });
}

/**
 * Stretches of time in which the door did not simply admit.
 *
 * @param {(Point|null)[]} rows
 * @returns {{phase: string, from: number, to: number}[]}
 */
export function stretches(rows) {
  /** @type {{phase: string, from: number, to: number}[]} */
  const found = [];
  let open = false;
  for (const row of rows) {
    const last = found[found.length - 1];
    if (open && last) {
      if (row) last.to = row.at;
      if (row?.phase === last.phase) continue;
    }
    open = row !== null && row.phase !== "admitting";
    if (open && row) found.push({ phase: row.phase, from: row.at, to: row.at });
  }
  return found;
}

/**
 * A round number at or above the value, for the top of an axis.
 *
 * @param {number} value
 */
export function niceCeiling(value) {
  if (value <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const factor of [1, 1.5, 2, 3, 4, 5, 6, 8, 10]) if (factor * power >= value) return factor * power;
  return 10 * power;
}
