/**
 * What one fan can prove about being overtaken, from the boards and answers that it saw.
 *
 * The frontier is the highest place called so far. A board that is younger than this fan's stay in the queue and whose
 * frontier has moved on beyond the fan's place proves that somebody behind was called. So the fan must have been called
 * by then. Two things prove that it was not:
 *
 * - its call, by the store's clock, is later than that board;
 * - it is told `waiting` by an answer that was asked for more than `lag` seconds after that board arrived. (Sooner than
 *   that, another instance may not know of the call yet.)
 *
 * A fan who came back late to a store that had lost it, or after a missed call, stands below a frontier that has passed
 * already: what counts is that it moves on further. All times are milliseconds.
 */
export class Witness {
  constructor({ lagMs }) {
    this.lagMs = lagMs;
    this.seated(null, Infinity, null);
  }

  /**
   * From `storeAt`, by the store's clock, the store of `epoch` holds the ticket. `frontier` is how far it had called
   * then: 0 for a newcomer, behind whom nobody can stand yet; null when it is not known, then the first board tells.
   */
  seated(epoch, storeAt, frontier) {
    this.epoch = epoch;
    this.heldSince = storeAt;
    this.frontier = frontier;
    /** The first board that proves that somebody behind was called. */
    this.proof = null;
    this.timesAreExact = true;
  }

  /** A board that arrived at `receivedAt`, by this machine's clock. */
  board({ epoch, at, frontier, phase }, place, receivedAt) {
    if (epoch !== this.epoch || at <= this.heldSince) return;
    // Call windows stand still while the door is shut: when a call was made can't be told from its end any more.
    if (phase !== "admitting" && phase !== "prequeue") this.timesAreExact = false;
    if (this.frontier === null) this.frontier = frontier;
    if (place === null || this.proof !== null) return;
    if (frontier > Math.max(place, this.frontier)) this.proof = { at, frontier, receivedAt };
  }

  /** Told `waiting` by an answer that was asked for at `askedAt`: whether that proves that somebody overtook. */
  waiting(epoch, askedAt) {
    return this.proof !== null && epoch === this.epoch && askedAt - this.proof.receivedAt > this.lagMs;
  }

  /**
   * Told, `sinceBoardMs` after the last board arrived, that the call was made at `calledAt`, by the store's clock: whether
   * that proves that somebody overtook.
   */
  called({ epoch, phase }, calledAt, sinceBoardMs) {
    // Unseen, the door may have been shut meanwhile.
    if (phase !== "admitting" || sinceBoardMs > this.lagMs) return false;
    // Times are told in milliseconds here, so two of the same one may be in either order.
    return this.timesAreExact && this.proof !== null && epoch === this.epoch && calledAt > this.proof.at + 1;
  }
}
