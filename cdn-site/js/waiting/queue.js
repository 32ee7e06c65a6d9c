/**
 * The fan's stay in one queue: what is known, and what to ask next. No DOM in here; the view draws what this holds.
 *
 * The board is the base: it is public and cached, so looking at it costs the service nothing. `me` is asked only for
 * what a board can't say, that is at or below the frontier, and when a window or a session has run out.
 */
import { Unreachable } from "../api.js";
import { canDraw, drawnPlace } from "../lib/draw.js";
import { FALLBACK_POLICY, WITHOUT_ETA_MS, backoff, momentDelay, pollDelay } from "../lib/poll.js";
import { aheadOf, etaOf, isNewerThan, secondsAtTheRate } from "../lib/position.js";
import { situationOf } from "../lib/situation.js";
import { excuse, lesser, steady } from "../lib/steady.js";
import { Door } from "./door.js";
import { Seating } from "./seating.js";
import { Stock } from "./stock.js";

/** @typedef {import("../lib/contract.js").Board} Board */
/** @typedef {import("../lib/contract.js").Seat} Seat */
/** @typedef {import("../lib/contract.js").Status} Status */

/**
 * @typedef {object} World what the queue needs from outside, so that tests can stand in for it
 * @property {typeof import("../api.js").call} call
 * @property {typeof import("../api.js").fetchBoard} fetchBoard
 * @property {typeof import("../api.js").fetchPublic} fetchPublic
 * @property {(kind: import("../vault.js").Kind, event: string) => any} recall
 * @property {(kind: import("../vault.js").Kind, event: string, value: unknown) => void} remember
 * @property {(kind: import("../vault.js").Kind, event: string) => void} forget
 * @property {ReturnType<typeof import("../lib/clock.js").serverClock>} clock
 * @property {() => number} random
 * @property {() => boolean} hidden
 * @property {() => number} monotonic
 * @property {(callback: () => void, ms: number) => any} setTimer
 * @property {(timer: any) => void} clearTimer
 */

export class Queue {
  /**
   * @param {string} event
   * @param {World} world
   * @param {() => void} changed
   */
  constructor(event, world, changed) {
    this.event = event;
    this.world = world;
    this.changed = changed;
    /** @type {Seat|null} */
    this.seat = world.recall("seat", event);
    /** @type {Board|null} */
    this.board = null;
    /** @type {Status|null} */
    this.status = null;
    this.left = false;
    this.unknown = false;
    /** @type {{failures: number, since: number}|null} nobody answers */
    this.trouble = null;
    /** @type {string} why something the fan asked for was refused */
    this.refusal = "";
    /** @type {number|null} when this page saw the queue put back in order */
    this.reseatedAt = null;
    /** @type {number|null} when this page saw that the organiser had slowed down */
    this.slowedSeenAt = null;
    /** @type {ReturnType<typeof excuse>} why the numbers may climb */
    this.climbs = null;
    this.looking = false;
    this.asking = false;
    this.askNotBefore = 0;
    this.stopped = false;
    /** @type {any} */
    this.timer = null;
    this.seating = new Seating(this);
    this.door = new Door(this);
    this.stock = new Stock(this);
  }

  get now() {
    return this.world.clock.now();
  }

  get situation() {
    return situationOf({ seat: this.seat, board: this.board, status: this.status, left: this.left, now: this.now });
  }

  /** Nobody has answered twice in a row: once is a hiccup that nobody needs to hear of. */
  get offline() {
    return this.trouble !== null && this.trouble.failures > 1;
  }

  /** Whether this ticket has been through the door, so that its end is the end of a session and not a missed call. */
  get wasAdmitted() {
    const pass = this.world.recall("pass", this.event);
    return Boolean(pass?.ticket && pass.ticket === this.seat?.ticket);
  }

  start() {
    return this.look();
  }

  stop() {
    this.stopped = true;
    this.world.clearTimer(this.timer);
  }

  /** The tab came back, or the network did: catch up at once. */
  wake() {
    if (this.stopped) return;
    if (this.status?.state === "called" || this.status?.state === "admitted") this.askNotBefore = 0;
    void this.look();
  }

  /** Once a second: things that time alone makes true. */
  beat() {
    if (this.needsToAsk()) void this.ask();
  }

  async look() {
    if (this.looking || this.stopped) return;
    this.looking = true;
    this.world.clearTimer(this.timer);
    let delay;
    try {
      const answer = await this.world.fetchBoard(this.event);
      if (answer.status === 404) {
        this.unknown = true;
        this.stopped = true;
      } else if (answer.ok) {
        this.world.clock.observe(answer.date);
        await this.take(answer.data);
        this.trouble = null;
        if (this.refusal === "unreachable") this.refusal = "";
      }
      delay = this.delay();
    } catch (failure) {
      if (!(failure instanceof Unreachable)) throw failure;
      delay = this.failed(failure);
    } finally {
      this.looking = false;
    }
    this.changed();
    if (this.stopped) return;
    this.timer = this.world.setTimer(() => void this.look(), delay);
    if (this.needsToAsk()) await this.ask();
    this.stock.refresh();
  }

  /** @param {Unreachable} failure */
  failed(failure) {
    this.trouble = { failures: (this.trouble?.failures ?? 0) + 1, since: this.trouble?.since ?? this.now };
    return backoff(this.trouble.failures, this.world.random(), failure.retryAfterMs);
  }

  /** Milliseconds until the next look at the board. */
  delay() {
    const policy = this.board?.poll_policy ?? FALLBACK_POLICY;
    const when = { policy, hidden: this.world.hidden(), random: this.world.random() };
    const awaited = this.awaited();
    const remaining = awaited === null ? -1 : awaited - this.now;
    if (remaining > 0) return momentDelay({ ...when, remainingMs: remaining });
    return pollDelay({ ...when, etaSeconds: this.secondsToNextChange() });
  }

  /** The published moment before which nothing happens to this fan, if there is one. */
  awaited() {
    const { board, situation } = this;
    if (board === null) return null;
    if (situation === "not-open") return Date.parse(board.opens_at);
    if (situation === "prequeue" || (situation === "outside" && board.phase === "prequeue")) return Date.parse(board.on_sale_at);
    return null;
  }

  /** Seconds until something can happen to this fan; null when unknown. */
  secondsToNextChange() {
    const { board, seat } = this;
    if (board === null) return null;
    switch (this.situation) {
      case "not-open":
      case "prequeue":
      case "next":
      case "drawing":
        return Math.max(((this.awaited() ?? 0) - this.now) / 1000, 0);
      case "waiting":
        if (!seat?.shown) return null;
        return seat.shown.mid ?? secondsAtTheRate(seat.shown.ahead, board);
      case "paused": {
        // It may go on at any moment, but for who is far behind that changes nothing yet.
        const unknown = WITHOUT_ETA_MS / 1000 / board.poll_policy.eta_fraction;
        return Math.max(unknown, secondsAtTheRate(seat?.shown?.ahead ?? 0, board));
      }
      case "admitted":
      case "closed":
      case "left":
      case "missed":
        return Number.MAX_SAFE_INTEGER;
      default:
        return null;
    }
  }

  /** @param {Board} board */
  async take(board) {
    const { clock } = this.world;
    clock.observe(board.at);
    const older = this.board ? Date.parse(this.board.at) - Date.parse(board.at) : 0;
    // Two caches may answer in turn; a step back of some seconds is a staler copy, not news.
    if (older > 0 && older < 10_000) return;
    this.board = board;
    const { seat } = this;
    if (!seat?.token) return;
    if (board.epoch !== seat.epoch) await this.seating.reseat();
    if ((seat.place === null || seat.place === undefined) && seat.ticket && board.draw.seed && canDraw()) {
      seat.place = await drawnPlace(board.draw.seed, seat.ticket);
    }
    this.reckon();
    this.save();
  }

  /** Brings the numbers shown up to the board. */
  reckon() {
    const { board, seat, situation, now } = this;
    if (!board || !seat) return;
    if (situation !== "waiting" && situation !== "next" && situation !== "paused") return;
    const place = seat.place ?? 0;
    const ahead = situation === "next" ? 0 : isNewerThan(place, board) ? this.status?.ahead : aheadOf(place, board);
    if (ahead === null || ahead === undefined) return;
    // Another tab of this browser may have shown less in the meantime, and no tab takes back what another has shown.
    const kept = this.world.recall("seat", this.event);
    const before = lesser(seat.shown ?? null, kept?.ticket === seat.ticket ? (kept?.shown ?? null) : null);
    if (board.slowed_at && before?.at && Date.parse(board.slowed_at) > before.at) this.slowedSeenAt = now;
    this.climbs = excuse(board, now, this);
    const fresh = { ahead, eta: etaOf(ahead, board), at: Date.parse(board.at), climbs: this.climbs };
    seat.shown = steady(before, fresh);
  }

  needsToAsk() {
    const { board, seat, status, now } = this;
    if (!board || !seat?.token || this.asking || this.stopped || this.door.knocking) return false;
    if (this.world.monotonic() < this.askNotBefore || this.trouble) return false;
    if (status?.state === "admitted") return now > Date.parse(status.session_expires_at ?? "") + 1000;
    if (board.phase === "closed" || board.phase === "prequeue" || board.phase === "recovering") return false;
    if (status?.state === "called") return now > Date.parse(status.call_expires_at ?? "") + 500;
    if (status?.state === "expired") return false;
    if (this.situation === "drawing") return true;
    return typeof seat.place === "number" && seat.place <= board.frontier;
  }

  async ask() {
    if (this.asking || !this.seat?.token) return;
    this.asking = true;
    try {
      const answer = await this.world.call("GET", this.path("queue/me"), { token: this.seat.token });
      this.world.clock.observe(answer.date);
      if (answer.ok) this.hear(answer.data);
      else if (answer.status === 401 || answer.status === 403) await this.seating.renewToken();
      this.askNotBefore = this.world.monotonic() + (answer.data?.poll_after_ms ?? 2000);
    } catch (failure) {
      if (!(failure instanceof Unreachable)) throw failure;
      this.askNotBefore = this.world.monotonic() + backoff(2, this.world.random(), failure.retryAfterMs);
    } finally {
      this.asking = false;
    }
    this.changed();
  }

  /** @param {Status} status */
  hear(status) {
    const { seat } = this;
    if (!seat) return;
    if (status.state === "left") {
      this.seating.lose();
      return;
    }
    this.status = status;
    seat.epoch = status.epoch ?? seat.epoch;
    if (status.place !== null && status.place !== undefined) seat.place = status.place;
    if (status.queue_token) seat.token = status.queue_token;
    if (status.ahead !== null && status.ahead !== undefined && !seat.shown) {
      const { eta_low_seconds: low, eta_seconds: mid, eta_high_seconds: high } = status;
      const eta = mid === null ? null : { mid, low: low ?? mid, high: high ?? mid };
      seat.shown = steady(null, { ahead: status.ahead, eta, at: this.now, climbs: null });
    }
    this.reckon();
    this.save();
  }

  /** @param {Seat|null} seat as another tab left it */
  seatChangedElsewhere(seat) {
    if (seat === null) {
      if (this.seat?.token) this.seating.lose();
    } else if (seat.token !== this.seat?.token) {
      this.seat = seat;
      this.left = false;
      this.status = null;
      this.askNotBefore = 0;
      void this.look();
    }
    this.changed();
  }

  save() {
    if (this.seat) this.world.remember("seat", this.event, this.seat);
  }

  /** @param {number} ms @returns {Promise<void>} */
  pause(ms) {
    return new Promise((resolve) => this.world.setTimer(resolve, ms));
  }

  /** @param {string} rest */
  path(rest) {
    return `/v1/events/${encodeURIComponent(this.event)}${rest ? `/${rest}` : ""}`;
  }
}
