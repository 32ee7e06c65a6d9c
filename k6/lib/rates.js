/**
 * The rates that were in force, as the boards told them, and how many claims they allow.
 *
 * Between two boards either of their rates may have been in force, so the higher one counts; and a rate that was left
 * counts for `settle` seconds more, because not every instance learns of a change at once.
 */
export class RateRecord {
  constructor({ settle, tick }) {
    this.settle = settle;
    this.tick = tick;
    /** @type {{perMinute: number, from: number, seen: number, until: number}[]} */
    this.reigns = [];
  }

  /** At `at` (seconds, ascending) a board told of `perMinute` claims a minute; 0 while the door is shut. */
  observe(at, perMinute) {
    const reign = this.reigns[this.reigns.length - 1];
    if (reign && at < reign.seen) return;
    if (reign && reign.perMinute === perMinute) {
      reign.seen = at;
      return;
    }
    if (reign) reign.until = at + this.settle;
    this.reigns.push({ perMinute, from: reign ? reign.seen : -Infinity, seen: at, until: Infinity });
  }

  /** The highest rate that may have been in force in the moments between `from` and `to`. */
  highest(from, to) {
    const reigns = this.reigns.filter((reign) => reign.from < to && reign.until > from);
    return Math.max(0, ...reigns.map((reign) => reign.perMinute));
  }

  /** How many claims may have been granted from `from` until before `to`: rate × T and one tick's batch. */
  allowed(from, to) {
    const turns = this.reigns.flatMap((reign) => [reign.from, reign.until]).filter((at) => at > from && at < to);
    const cuts = [from, ...turns.sort((a, b) => a - b), to];
    let permits = 0;
    for (let n = 1; n < cuts.length; n += 1) {
      permits += (this.highest(cuts[n - 1], cuts[n]) / 60) * (cuts[n] - cuts[n - 1]);
    }
    const highest = this.highest(from, to);
    const batch = highest > 0 ? Math.max(1, (highest / 60) * this.tick) : 0;
    return Math.floor(permits + batch + 1e-6);
  }
}
