/** The door of the shop: a called fan stands there until it opens; early or busy is no refusal, only "in a moment". */
import { Unreachable } from "../api.js";
import { backoff } from "../lib/poll.js";

/** @typedef {import("../lib/contract.js").Status} Status */

const LONGEST_WAIT_MS = 8_000;

export class Door {
  /** @param {import("./queue.js").Queue} queue */
  constructor(queue) {
    this.queue = queue;
    /** @type {{retryAt: number|null, reason: string}|null} the fan stands at the door */
    this.knocking = null;
    /** @type {{token: string, session: string, expires_at: string, checkout_url: string, ticket?: string}|null} */
    this.pass = null;
  }

  async enter() {
    const { queue } = this;
    const { world } = queue;
    if (this.knocking) return;
    queue.refusal = "";
    this.knocking = { retryAt: null, reason: "" };
    queue.changed();
    for (let failures = 0; this.knocking && !queue.stopped; ) {
      let wait;
      let reason = "";
      try {
        const answer = await world.call("POST", queue.path("admission"), { token: queue.seat?.token });
        world.clock.observe(answer.date);
        if (answer.ok) {
          this.admit(answer.data);
          return;
        }
        if (answer.status === 425 || answer.status === 429) {
          failures = 0;
          wait = Math.max(answer.retryAfterMs, 250) * (1 + world.random() / 5);
          reason = answer.status === 425 ? "not-called-yet" : "door-busy";
        } else if (answer.status === 401) {
          await queue.seating.renewToken();
          wait = 2000;
        } else {
          this.turnedAway(answer);
          break;
        }
      } catch (failure) {
        if (!(failure instanceof Unreachable)) throw failure;
        failures += 1;
        wait = Math.min(backoff(failures, world.random(), failure.retryAfterMs), LONGEST_WAIT_MS);
        reason = "unreachable";
      }
      // The fan may have stepped back while the answer was under way.
      if (!this.knocking) break;
      this.knocking = { retryAt: queue.now + wait, reason };
      queue.changed();
      await queue.pause(wait);
    }
    this.knocking = null;
    queue.changed();
  }

  /** Steps back from the door; the call stays open. */
  stepBack() {
    this.knocking = null;
    this.queue.changed();
  }

  /** @param {{admission_token: string, session: string, expires_at: string, checkout_url: string}} body */
  admit({ admission_token: token, session, expires_at, checkout_url }) {
    const { queue } = this;
    this.pass = { token, session, expires_at, checkout_url, ticket: queue.seat?.ticket };
    queue.world.remember("pass", queue.event, this.pass);
    queue.stop();
    queue.changed();
  }

  /** @param {import("../api.js").Answer} answer */
  turnedAway(answer) {
    const { queue } = this;
    queue.refusal = answer.problem || "refused";
    if (answer.problem === "call-missed" || answer.problem === "session-ended") {
      const may_rejoin = Boolean(answer.data?.may_rejoin);
      queue.status = { .../** @type {Status} */ (queue.status ?? {}), state: "expired", may_rejoin };
    } else if (answer.problem === "ticket-left") queue.seating.lose();
    else if (answer.problem === "event-closed" && queue.board) queue.board = { ...queue.board, phase: "closed" };
  }
}
