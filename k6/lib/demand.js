/** The part of the rate that the door has to let in while fans wait. */
export const BUSY_SHARE = 0.95;

/**
 * When fans waited without a break, at one rate: the stretches in which the door may not idle.
 *
 * After the door opened, after the operator changed something and after the store was lost, `warmUp` seconds pass before
 * it counts: fans have to learn that it is their turn first.
 */
export class Demand {
  /**
   * @param {object} setup
   * @param {import("./windows.js").Windows} setup.windows
   * @param {number} setup.warmUp seconds
   * @param {number} setup.tick seconds
   */
  constructor({ windows, warmUp, tick }) {
    this.windows = windows;
    this.warmUp = warmUp;
    this.tick = tick;
    this.circumstances = "";
    this.since = Infinity;
    this.next = 0;
  }

  /**
   * A board of the moment `at` (seconds, ascending) tells whether fans wait at an open door.
   *
   * @returns {{from: number, offered: number, required: number}[]} the windows that are full of demand since: how many
   *   permits there were in each, and how many claims must have been granted
   */
  observe(at, { waits, perMinute, epoch }) {
    const circumstances = waits ? `${epoch} ${perMinute}` : "";
    if (circumstances !== this.circumstances) {
      this.circumstances = circumstances;
      this.since = waits ? at + this.warmUp : Infinity;
    }
    if (!waits) return [];
    const { length, step, end } = this.windows;
    const full = [];
    this.next = Math.max(this.next, Math.ceil(this.since / step) * step);
    for (; this.next + length <= at && this.next < end; this.next += step) {
      const offered = (perMinute / 60) * length;
      const batch = Math.max(1, (perMinute / 60) * this.tick);
      full.push({ from: this.next, offered, required: Math.max(0, Math.floor(BUSY_SHARE * offered - batch)) });
    }
    return full;
  }
}
