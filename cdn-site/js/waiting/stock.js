/** The event's name, prices and stock, asked for rarely while the turn is far: 400,000 pages do the same. */
import { stockDelay } from "../lib/poll.js";

export class Stock {
  /** @param {import("./queue.js").Queue} queue */
  constructor(queue) {
    this.queue = queue;
    /** @type {import("../lib/contract.js").Event|null} */
    this.event = null;
    this.notBefore = -Infinity;
  }

  get soldOut() {
    return this.event !== null && this.event.offers.length > 0 && this.event.offers.every((offer) => offer.stock_left <= 0);
  }

  refresh() {
    const { queue } = this;
    const { world } = queue;
    if (world.monotonic() < this.notBefore || world.hidden()) return;
    const etaSeconds = queue.secondsToNextChange();
    this.notBefore = world.monotonic() + stockDelay({ etaSeconds, random: world.random() });
    world.fetchPublic(queue.path("")).then(
      (answer) => {
        if (answer.ok) this.event = answer.data;
        else this.soon();
        queue.changed();
      },
      () => this.soon(),
    );
  }

  /** What could not be learned is asked for at the next look at the board. */
  soon() {
    this.notBefore = -Infinity;
  }
}
