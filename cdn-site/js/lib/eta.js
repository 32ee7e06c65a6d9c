/**
 * Waiting times in words. The functions return message keys with parameters, so that they hold in every language.
 *
 * Each bound is rounded by its own size, low ones down and high ones up: as a bound falls its words fall with it and
 * never jump back up at the border between two roundings.
 *
 * @typedef {{key: string, params: Record<string, number>}} Words
 */

const MINUTE = 60;

/** @param {number} minutes @returns {number} */
function step(minutes) {
  if (minutes > 300) return 60;
  if (minutes > 90) return 15;
  if (minutes > 20) return 5;
  return 1;
}

/** @param {number} seconds */
export function minutesDown(seconds) {
  const minutes = seconds / MINUTE;
  const size = step(minutes);
  return Math.floor(minutes / size) * size;
}

/** @param {number} seconds */
export function minutesUp(seconds) {
  const minutes = seconds / MINUTE;
  const size = step(minutes);
  return Math.ceil(minutes / size) * size;
}

/**
 * "about 12 to 15 minutes", as a message.
 *
 * @param {number} lowSeconds
 * @param {number} highSeconds
 * @returns {Words}
 */
export function etaWords(lowSeconds, highSeconds) {
  if (highSeconds <= 45) return { key: "eta.moments", params: {} };
  const low = minutesDown(lowSeconds);
  const high = Math.max(minutesUp(highSeconds), 1);
  if (high <= 1) return { key: "eta.minute", params: {} };
  if (low < 1) return { key: "eta.up_to", params: { high } };
  if (low === high) return { key: high > 90 ? "eta.hours" : "eta.minutes", params: { high } };
  return { key: high > 90 ? "eta.range_hours" : "eta.range_minutes", params: { low, high } };
}

const BANDS = [240, 180, 120, 90, 60, 45, 30, 20, 15, 10, 5];

/**
 * The coarse band that is announced to screen readers: it changes rarely, so the announcements do.
 *
 * @param {number|null} seconds
 * @returns {number|null} minutes; 0 is "nearly there"; null is unknown
 */
export function etaBand(seconds) {
  if (seconds === null) return null;
  const minutes = seconds / MINUTE;
  if (minutes <= 2.5) return 0;
  let band = BANDS[0];
  for (const candidate of BANDS) if (minutes <= candidate * 1.1) band = candidate;
  return band;
}

/**
 * The clock time of the expected turn, rounded as finely as the estimate deserves.
 *
 * @param {number} now milliseconds by the server's clock
 * @param {number} etaSeconds
 * @returns {number} milliseconds
 */
export function turnTime(now, etaSeconds) {
  const size = (etaSeconds > 20 * MINUTE ? 5 : 1) * MINUTE * 1000;
  return Math.ceil((now + etaSeconds * 1000) / size) * size;
}

/**
 * Splits a remaining time for a countdown. Whole days are counted from two of them on: "1 day" would hide nearly
 * another one, so a time below that is counted in hours.
 *
 * @param {number} milliseconds
 * @returns {{days: number, clock: string, seconds: number}}
 */
export function countdown(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const days = seconds < 2 * 86400 ? 0 : Math.round(seconds / 86400);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const clock = hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
  return { days, clock, seconds };
}
