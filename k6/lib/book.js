/** The door's book: every claim, in all the windows of time that it falls into. */
import { aboveRate, door, idle } from "./metrics.js";
import { windowsOf } from "./windows.js";

const ABOVE = [
  ["short", "claims_above_rate_10s"],
  ["minute", "claims_above_rate_60s"],
  ["whole", "claims_above_rate_in_all"],
];

export class Book {
  /** @param {{MAX_WAIT: number, IDLE_WINDOW: number, CLOCK_SKEW: number}} settings */
  constructor({ MAX_WAIT, IDLE_WINDOW, CLOCK_SKEW }) {
    this.windows = windowsOf(MAX_WAIT + 60, IDLE_WINDOW);
    this.skewMs = CLOCK_SKEW * 1000;
    this.sessions = new Set();
  }

  /** The balances that must not be above zero, by metric and the beginnings of their windows. */
  balances() {
    const named = ABOVE.flatMap(([kind, metric]) => this.windows[kind].starts().map((from) => [metric, from]));
    const missing = this.windows.idle.starts().map((from) => ["claims_missing", from]);
    return [...named, ...missing].map(([metric, from]) => `${metric}{from:${from}}`);
  }

  /** What the summary reads besides. */
  figures() {
    const claims = this.windows.grain.starts().map((from) => `claims{from:${from}}`);
    return [...claims, ...this.windows.idle.starts().map((from) => `permits_offered{from:${from}}`)];
  }

  /**
   * A claim that was asked for and answered in these moments of this machine's clock.
   *
   * The time is the store's, as the admission tells it, so that the network between has no part in the arithmetic. What
   * the door says is believed only if it falls between the request and the answer, give or take CLOCK_SKEW.
   *
   * @param {{origin: number, offsetMs: number}} world
   */
  claim(world, { session, admittedAt, firstSentAt, receivedAt }) {
    if (this.sessions.has(session)) return;
    this.sessions.add(session);
    const at = admittedAt - world.offsetMs;
    if (at < firstSentAt - this.skewMs || at > receivedAt + this.skewMs) {
      door.untrueTimes.add(1);
      console.error(`a claim asked for at ${firstSentAt} and answered at ${receivedAt} was granted at ${at}`);
    }
    const second = admittedAt / 1000 - world.origin;
    for (const from of this.windows.grain.holding(second)) door.claims.add(1, { from: String(from) });
    for (const [kind] of ABOVE) {
      for (const from of this.windows[kind].holding(second)) aboveRate[kind].add(1, { from: String(from) });
    }
    for (const from of this.windows.idle.holding(second)) idle.missing.add(-1, { from: String(from) });
  }

  /** What `rates` allow in each window that began before `second`, the last moment of the run. */
  allow(rates, second) {
    for (const [kind] of ABOVE) {
      const { length } = this.windows[kind];
      for (const from of this.windows[kind].starts()) {
        if (from > second) break;
        aboveRate[kind].add(-rates.allowed(from, Math.min(from + length, second)), { from: String(from) });
      }
    }
  }

  /** A window full of demand. */
  demand({ from, offered, required }) {
    idle.offered.add(offered, { from: String(from) });
    idle.missing.add(required, { from: String(from) });
  }
}
