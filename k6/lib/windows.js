/**
 * Aligned stretches of the store's time, in whole seconds since the run's origin: what the door's claims are counted
 * by. Every one of them is a tag value that k6 has to know before the run, hence a bounded number of them.
 */
export class Windows {
  /** Windows of `length` seconds that begin every `step` seconds, from 0 until before `end`. */
  constructor({ length, step, end }) {
    this.length = length;
    this.step = step;
    this.end = end;
  }

  /** The beginnings of all windows. */
  starts() {
    return Array.from({ length: Math.ceil(this.end / this.step) }, (_, n) => n * this.step);
  }

  /** The beginnings of the windows that hold the moment `second`. */
  holding(second) {
    const starts = [];
    const last = Math.min(Math.floor(second / this.step) * this.step, this.end - 1);
    for (let start = last; start >= 0 && start + this.length > second; start -= this.step) starts.push(start);
    return starts;
  }
}

/** At most so many windows of a kind. */
const MOST = 720;

/**
 * The windows of a run that lasts at most `seconds`: short ones that see a burst, a minute's that see a rate that is a
 * little too high, the whole run; and those in which the door may not idle. A long run counts in coarser grains.
 *
 * @param {number} seconds
 * @param {number} idleSeconds how long a stretch is over which the door has to be busy
 */
export function windowsOf(seconds, idleSeconds) {
  const grain = Math.max(1, Math.ceil(seconds / MOST));
  const end = Math.ceil(seconds / grain) * grain;
  const kind = (length, step) => new Windows({ length: length * grain, step: step * grain, end });
  const idleGrains = Math.ceil(idleSeconds / grain);
  return {
    grain: kind(1, 1),
    short: kind(10, 1),
    minute: kind(60, 10),
    whole: new Windows({ length: end, step: end, end }),
    idle: kind(idleGrains, Math.ceil(idleGrains / 10)),
  };
}
