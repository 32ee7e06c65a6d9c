/**
 * The server's clock, learned from the times it writes into its answers.
 *
 * It builds on a monotonic clock and not on the wall clock of the browser, which may be wrong by hours and may be set
 * while the page is open. A time in an answer is never ahead of the server's clock but may be seconds old (caches), so
 * the largest offset of the last few answers is the best one; that also absorbs a monotonic clock which stood still
 * while the computer slept.
 *
 * @param {() => number} [monotonic] milliseconds
 */
export function serverClock(monotonic = () => performance.now()) {
  /** @type {number[]} */
  let offsets = [];
  return {
    /** @param {string|number|null|undefined} time an RFC 3339 time, an HTTP date or milliseconds since 1970 */
    observe(time) {
      if (time === null || time === undefined) return;
      const milliseconds = typeof time === "number" ? time : Date.parse(time);
      if (Number.isNaN(milliseconds)) return;
      offsets = [...offsets.slice(-9), milliseconds - monotonic()];
    },
    /** Whether any server has told its time yet. */
    get known() {
      return offsets.length > 0;
    },
    /** Milliseconds since 1970 by the server's clock. */
    now() {
      return offsets.length > 0 ? monotonic() + Math.max(...offsets) : Date.now();
    },
  };
}
