/** What every story can be told, and the run's time. */
import { flag, address, moment, read, seconds, share, text, whole } from "./settings.js";

const COMMON = {
  BASE_URL: address("http://127.0.0.1:8080"),
  EVENT: text(null),
  OPERATOR: text(null),
  FANS: whole(300),
  ARRIVE: seconds(3),
  NO_SHOW: share(0.4),
  BUY: share(0.3),
  RETRIES: share(0.2),
  MAX_WAIT: seconds(600),
  JOIN_P99: seconds(1),
  IDLE_WINDOW: seconds(10),
  WARM_UP: seconds(5),
  SETTLE: seconds(5),
  LAG: seconds(3),
  TICK: seconds(1),
  CLOCK_SKEW: seconds(1),
  OUTAGE: seconds(0),
  PART: flag(false),
  BEGAN: moment(null),
  SUMMARY: text(null),
};

/** The settings of a story: the common ones, with its own defaults, and `own`. */
export function settingsOf(own = {}) {
  const settings = read({ ...COMMON, ...own }, __ENV);
  if (settings.PART && settings.BEGAN === null) throw new Error("with PART=1 every k6 needs the same BEGAN");
  return Object.freeze(settings);
}
