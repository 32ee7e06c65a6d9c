/** How a fan comes to a seat in the queue, keeps it, comes back to it, and gives it up. */
import { Unreachable } from "../api.js";
import { newSecret } from "../lib/draw.js";
import { backoff } from "../lib/poll.js";

/** @typedef {import("../lib/contract.js").Status} Status */

/** Everybody's page learns of a lost store within the same seconds; spread what they do about it. */
const RESEAT_SPREAD_MS = 2_000;
const RESEAT_AGAIN_MS = 10_000;
const RENEW_AGAIN_MS = 15_000;

export class Seating {
  /** @param {import("./queue.js").Queue} queue */
  constructor(queue) {
    this.queue = queue;
    /** @type {{retryAt: number|null, reason: string}|null} a join on its way */
    this.joining = null;
    /** Whether something that the fan asked for is under way. */
    this.busy = false;
    this.reseatNotBefore = 0;
    this.renewNotBefore = 0;
  }

  /** Joins, and goes on trying while the service is away: the secret makes every try the same ticket. */
  async join() {
    const { queue } = this;
    const { world } = queue;
    if (this.joining) return;
    queue.left = false;
    queue.refusal = "";
    this.joining = { retryAt: null, reason: "" };
    if (!queue.seat?.secret) queue.seat = world.recall("seat", queue.event) ?? { secret: newSecret() };
    queue.save();
    queue.changed();
    for (let failures = 0; this.joining && !queue.stopped; ) {
      let wait;
      let reason;
      try {
        const answer = await world.call("POST", queue.path("queue"), { body: { secret: queue.seat?.secret } });
        world.clock.observe(answer.date);
        if (answer.ok) {
          this.sit(answer.data);
          this.joining = null;
          break;
        }
        if (answer.problem !== "not-open-yet" && answer.problem !== "queue-full") {
          queue.refusal = answer.problem || "refused";
          if (answer.problem === "invalid-secret") this.lose();
          this.joining = null;
          break;
        }
        wait = Math.min(answer.retryAfterMs, 30_000) * (1 + world.random() / 4) || backoff(3, world.random());
        reason = answer.problem;
      } catch (failure) {
        if (!(failure instanceof Unreachable)) throw failure;
        failures += 1;
        wait = backoff(failures, world.random(), failure.retryAfterMs);
        reason = "unreachable";
      }
      this.joining = { retryAt: queue.now + wait, reason };
      queue.changed();
      await queue.pause(wait);
    }
    queue.changed();
    void queue.look();
  }

  /** @param {{queue_token: string, ticket: string, cohort: any, place: number|null, epoch: number, status: Status}} body */
  sit(body) {
    const { queue } = this;
    const before = queue.seat;
    queue.seat = {
      secret: before?.secret ?? "",
      token: body.queue_token,
      ticket: body.ticket,
      cohort: body.cohort,
      place: body.place ?? (before?.ticket === body.ticket ? before.place : null) ?? null,
      epoch: body.epoch,
      shown: before?.shown ?? null,
    };
    queue.refusal = "";
    queue.hear(body.status);
    queue.save();
  }

  /** After store loss: present the token again, so that the new store learns this place. */
  async reseat() {
    const { queue } = this;
    const { call, monotonic, random } = queue.world;
    if (monotonic() < this.reseatNotBefore) return;
    this.reseatNotBefore = monotonic() + RESEAT_AGAIN_MS;
    const token = queue.seat?.token;
    await queue.pause(random() * RESEAT_SPREAD_MS);
    let answer;
    try {
      answer = await call("POST", queue.path("queue/rejoin"), { token });
    } catch (failure) {
      this.reseatNotBefore = 0;
      throw failure;
    }
    if (answer.ok) {
      queue.status = null;
      this.sit(answer.data);
      queue.reseatedAt = queue.now;
    } else if (answer.status === 401 || answer.status === 403) await this.renewToken();
    else if (answer.status === 409) await queue.ask();
  }

  /** A token that is no longer believed: the secret still says whose ticket it is. */
  async renewToken() {
    const { queue } = this;
    const { call, monotonic } = queue.world;
    if (!queue.seat?.secret || monotonic() < this.renewNotBefore) return;
    this.renewNotBefore = monotonic() + RENEW_AGAIN_MS;
    const answer = await call("POST", queue.path("queue"), { body: { secret: queue.seat.secret } });
    if (answer.ok) {
      this.sit(answer.data);
      queue.reseatedAt = queue.now;
    }
  }

  /** Back to the queue after a missed call. */
  async rejoin() {
    const { queue } = this;
    await this.once(async () => {
      const answer = await queue.world.call("POST", queue.path("queue/rejoin"), { token: queue.seat?.token });
      if (answer.ok) {
        if (queue.seat) queue.seat.shown = null;
        queue.save();
        this.sit(answer.data);
      } else if (answer.status === 401) await this.renewToken();
      else {
        queue.refusal = answer.problem;
        if (answer.problem === "rejoin-not-allowed" && queue.status) queue.status.may_rejoin = false;
      }
    });
    void queue.look();
  }

  /** Gives the old ticket up and joins with a new one, at the end. */
  async joinAnew() {
    this.lose();
    await this.join();
  }

  async leave() {
    const { queue } = this;
    await this.once(async () => {
      const answer = await queue.world.call("DELETE", queue.path("queue/me"), { token: queue.seat?.token });
      if (answer.ok || answer.status === 401 || answer.status === 410 || answer.status === 404) this.lose();
      else queue.refusal = answer.problem || "refused";
    });
  }

  /** The place is gone. */
  lose() {
    const { queue } = this;
    queue.world.forget("seat", queue.event);
    queue.seat = null;
    queue.status = null;
    queue.door.stepBack();
    queue.left = true;
    queue.reseatedAt = null;
    queue.slowedSeenAt = null;
  }

  /** @param {() => Promise<void>} act */
  async once(act) {
    const { queue } = this;
    if (this.busy) return;
    this.busy = true;
    queue.refusal = "";
    queue.changed();
    try {
      await act();
    } catch (failure) {
      if (!(failure instanceof Unreachable)) throw failure;
      queue.refusal = "unreachable";
    } finally {
      this.busy = false;
    }
    queue.changed();
  }
}
