/** Numbers and times as the console writes them: English, in the operator's own time zone. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const minute = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const second = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const dayOf = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** @param {number|null|undefined} value */
export const count = (value) => (Number.isFinite(value) ? whole.format(Number(value)) : "–");

/** @param {number|null|undefined} share 0 to 1 */
export const percent = (share) => (Number.isFinite(share) ? `${Math.round(Number(share) * 100)} %` : "–");

/** @param {number|string} time */
export const clockTime = (time) => minute.format(new Date(time));

/** @param {number|string} time */
export const fullTime = (time) => second.format(new Date(time));

/** A time to the second, with the day where it is another one. @param {string} time @param {number} now */
export function moment(time, now) {
  const at = new Date(time);
  return at.toDateString() === new Date(now).toDateString() ? fullTime(time) : `${dayOf.format(at)}, ${fullTime(time)}`;
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 60) return "less than a minute";
  const minutes = Math.round(seconds / 60);
  if (minutes === 1) return "a minute";
  if (minutes < 90) return `${minutes} minutes`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** For the label of an axis. @param {number} value */
export function compact(value) {
  if (value >= 1_000_000) return `${Number((value / 1_000_000).toFixed(2))}M`;
  return value >= 10_000 ? `${Number((value / 1000).toFixed(1))}k` : whole.format(value);
}
