/**
 * The fan's stay in one queue: what is known, and what to ask next. No DOM in here; the view draws what this holds.
 *
 * The board is the base: it is public and cached, so looking at it costs the service nothing. `me` is asked only for
 * what a board can't say, that is at or below the frontier, and when a window or a session has run out.
 */
import { Unreachable } from "../api.js";
import { canDraw, drawnPlace, newSecret } from "../lib/draw.js";
import { FALLBACK_POLICY, backoff, pollDelay } from "../lib/poll.js";
import { aheadOf, etaOf, isNewerThan, secondsAtTheRate } from "../lib/position.js";
import { situationOf } from "../lib/situation.js";
import { excuse, steady } from "../lib/steady.js";

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

const CATALOGUE_EVERY_MS = 45_000;
/** Everybody's page learns of a lost store within the same seconds; spread what they do about it. */
const RESEAT_SPREAD_MS = 2_000;
const REASK_TOKEN_MS = 15_000;

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
    /** @type {import("../lib/contract.js").Event|null} */
    this.catalogue = null;
    /** @type {Status|null} */
    this.status = null;
    this.left = false;
    this.unknown = false;
    /** @type {{failures: number, since: number}|null} nobody answers */
    this.trouble = null;
    /** @type {{retryAt: number|null, reason: string}|null} a join on its way */
    this.joining = null;
    /** @type {{retryAt: number|null, reason: string}|null} the fan stands at the door */
    this.door = null;
    /** @type {{token: string, session: string, expires_at: string, checkout_url: string, ticket?: string}|null} */
    this.pass = null;
    /** @type {string} why something the fan asked for was refused */
    this.refusal = "";
    /** @type {number|null} */
    this.reseatedAt = null;
    /** @type {string|null} */
    this.climbs = null;
    this.busy = false;
    this.looking = false;
    this.asking = false;
    this.askNotBefore = 0;
    this.reseatNotBefore = 0;
    this.tokenNotBefore = 0;
    this.catalogueAt = -Infinity;
    this.stopped = false;
    /** @type {any} */
    this.timer = null;
  }

  get now() {
    return this.world.clock.now();
  }

  get situation() {
    return situationOf({ seat: this.seat, board: this.board, status: this.status, left: this.left, now: this.now });
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

  /** Once a second while the page is visible: things that time alone makes true. */
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
    this.refreshCatalogue();
  }

  /** @param {Unreachable} failure */
  failed(failure) {
    this.trouble = { failures: (this.trouble?.failures ?? 0) + 1, since: this.trouble?.since ?? this.now };
    return backoff(this.trouble.failures, this.world.random(), failure.retryAfterMs);
  }

  delay() {
    const { board } = this;
    return pollDelay({
      etaSeconds: this.secondsToNextChange(),
      policy: board?.poll_policy ?? FALLBACK_POLICY,
      hidden: this.world.hidden(),
      random: this.world.random(),
    });
  }

  secondsToNextChange() {
    const { board, seat } = this;
    if (board === null) return null;
    switch (this.situation) {
      case "not-open":
        return (Date.parse(board.opens_at) - this.now) / 1000;
      case "prequeue":
        return (Date.parse(board.on_sale_at) - this.now) / 1000;
      case "next":
      case "drawing":
        return 0;
      case "waiting":
        if (!seat?.shown) return null;
        return seat.shown.mid ?? secondsAtTheRate(seat.shown.ahead, board);
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
    if (board.epoch !== seat.epoch) await this.reseat();
    if ((seat.place === null || seat.place === undefined) && seat.ticket && board.draw.seed && canDraw()) {
      seat.place = await drawnPlace(board.draw.seed, seat.ticket);
    }
    this.reckon();
    this.save();
  }

  /** Brings the numbers shown up to the board. */
  reckon() {
    const { board, seat, situation } = this;
    if (!board || !seat) return;
    if (situation !== "waiting" && situation !== "next" && situation !== "paused") return;
    const place = seat.place ?? 0;
    const ahead = situation === "next" ? 0 : isNewerThan(place, board) ? this.status?.ahead : aheadOf(place, board);
    if (ahead === null || ahead === undefined) return;
    this.climbs = excuse(board, this.now, this.reseatedAt);
    seat.shown = steady(seat.shown ?? null, { ahead, eta: etaOf(ahead, board), excused: this.climbs !== null });
  }

  needsToAsk() {
    const { board, seat, status, now } = this;
    if (!board || !seat?.token || this.asking || this.stopped || this.door) return false;
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
      else if (answer.status === 401 || answer.status === 403) await this.renewToken();
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
      this.lose();
      return;
    }
    this.status = status;
    seat.epoch = status.epoch ?? seat.epoch;
    if (status.place !== null && status.place !== undefined) seat.place = status.place;
    if (status.queue_token) seat.token = status.queue_token;
    if (status.ahead !== null && status.ahead !== undefined && !seat.shown) {
      const { eta_low_seconds: low, eta_seconds: mid, eta_high_seconds: high } = status;
      const eta = mid === null ? null : { mid, low: low ?? mid, high: high ?? mid };
      seat.shown = steady(null, { ahead: status.ahead, eta, excused: false });
    }
    this.reckon();
    this.save();
  }

  /** Joins, and goes on trying while the service is away: the secret makes every try the same ticket. */
  async join() {
    if (this.joining) return;
    this.left = false;
    this.refusal = "";
    this.joining = { retryAt: null, reason: "" };
    if (!this.seat?.secret) this.seat = this.world.recall("seat", this.event) ?? { secret: newSecret() };
    this.save();
    this.changed();
    for (let failures = 0; this.joining && !this.stopped; ) {
      let wait;
      let reason;
      try {
        const answer = await this.world.call("POST", this.path("queue"), { body: { secret: this.seat?.secret } });
        this.world.clock.observe(answer.date);
        if (answer.ok) {
          this.sit(answer.data);
          this.joining = null;
          break;
        }
        if (answer.problem !== "not-open-yet" && answer.problem !== "queue-full") {
          this.refusal = answer.problem || "refused";
          if (answer.problem === "invalid-secret") this.lose();
          this.joining = null;
          break;
        }
        wait = Math.min(answer.retryAfterMs, 30_000) * (1 + this.world.random() / 4) || backoff(3, this.world.random());
        reason = answer.problem;
      } catch (failure) {
        if (!(failure instanceof Unreachable)) throw failure;
        failures += 1;
        wait = backoff(failures, this.world.random(), failure.retryAfterMs);
        reason = "unreachable";
      }
      this.joining = { retryAt: this.now + wait, reason };
      this.changed();
      await this.pause(wait);
    }
    this.changed();
    void this.look();
  }

  /** @param {{queue_token: string, ticket: string, cohort: any, place: number|null, epoch: number, status: Status}} body */
  sit(body) {
    const earlier = this.seat?.place;
    this.seat = {
      secret: this.seat?.secret ?? "",
      token: body.queue_token,
      ticket: body.ticket,
      cohort: body.cohort,
      place: body.place ?? (this.seat?.ticket === body.ticket ? earlier : null) ?? null,
      epoch: body.epoch,
      shown: this.seat?.shown ?? null,
    };
    this.refusal = "";
    this.hear(body.status);
    this.save();
  }

  /** After store loss: present the token again, so that the new store learns this place. */
  async reseat() {
    const { monotonic, random } = this.world;
    if (monotonic() < this.reseatNotBefore) return;
    this.reseatNotBefore = monotonic() + 10_000;
    const token = this.seat?.token;
    await this.pause(random() * RESEAT_SPREAD_MS);
    let answer;
    try {
      answer = await this.world.call("POST", this.path("queue/rejoin"), { token });
    } catch (failure) {
      this.reseatNotBefore = 0;
      throw failure;
    }
    if (answer.ok) {
      this.status = null;
      this.sit(answer.data);
      this.reseatedAt = this.now;
    } else if (answer.status === 401 || answer.status === 403) await this.renewToken();
    else if (answer.status === 409) await this.ask();
  }

  /** A token that is no longer believed: the secret still says whose ticket it is. */
  async renewToken() {
    const { monotonic } = this.world;
    if (!this.seat?.secret || monotonic() < this.tokenNotBefore) return;
    this.tokenNotBefore = monotonic() + REASK_TOKEN_MS;
    const answer = await this.world.call("POST", this.path("queue"), { body: { secret: this.seat.secret } });
    if (answer.ok) {
      this.sit(answer.data);
      this.reseatedAt = this.now;
    }
  }

  /** Back to the queue after a missed call. */
  async rejoin() {
    await this.once(async () => {
      const answer = await this.world.call("POST", this.path("queue/rejoin"), { token: this.seat?.token });
      if (answer.ok) {
        if (this.seat) this.seat.shown = null;
        this.sit(answer.data);
      } else if (answer.status === 401) await this.renewToken();
      else {
        this.refusal = answer.problem;
        if (answer.problem === "rejoin-not-allowed" && this.status) this.status.may_rejoin = false;
      }
    });
    void this.look();
  }

  /** Gives the old ticket up and joins with a new one, at the end. */
  async joinAnew() {
    this.lose();
    await this.join();
  }

  async leave() {
    await this.once(async () => {
      const answer = await this.world.call("DELETE", this.path("queue/me"), { token: this.seat?.token });
      if (answer.ok || answer.status === 401 || answer.status === 410 || answer.status === 404) this.lose();
      else this.refusal = answer.problem || "refused";
    });
  }

  /** @param {() => Promise<void>} act */
  async once(act) {
    if (this.busy) return;
    this.busy = true;
    this.refusal = "";
    this.changed();
    try {
      await act();
    } catch (failure) {
      if (!(failure instanceof Unreachable)) throw failure;
      this.refusal = "unreachable";
    } finally {
      this.busy = false;
    }
    this.changed();
  }

  /** To the door, and stays there until it opens: early or busy is no refusal, only "in a moment". */
  async enter() {
    if (this.door) return;
    this.refusal = "";
    this.door = { retryAt: null, reason: "" };
    this.changed();
    for (let failures = 0; this.door && !this.stopped; ) {
      let wait;
      try {
        const answer = await this.world.call("POST", this.path("admission"), { token: this.seat?.token });
        this.world.clock.observe(answer.date);
        if (answer.ok) {
          this.admit(answer.data);
          return;
        }
        if (answer.status === 425 || answer.status === 429) {
          failures = 0;
          wait = Math.max(answer.retryAfterMs, 250) * (1 + this.world.random() / 5);
          this.door.reason = answer.status === 425 ? "not-called-yet" : "door-busy";
        } else if (answer.status === 401) {
          await this.renewToken();
          wait = 2000;
        } else {
          this.turnedAway(answer);
          break;
        }
      } catch (failure) {
        if (!(failure instanceof Unreachable)) throw failure;
        failures += 1;
        wait = Math.min(backoff(failures, this.world.random(), failure.retryAfterMs), 8000);
        this.door.reason = "unreachable";
      }
      this.door.retryAt = this.now + wait;
      this.changed();
      await this.pause(wait);
    }
    this.door = null;
    this.changed();
  }

  /** Steps back from the door; the call stays open. */
  stepBack() {
    this.door = null;
    this.changed();
  }

  /** @param {{admission_token: string, session: string, expires_at: string, checkout_url: string}} body */
  admit({ admission_token: token, session, expires_at, checkout_url }) {
    this.pass = { token, session, expires_at, checkout_url, ticket: this.seat?.ticket };
    this.world.remember("pass", this.event, this.pass);
    this.stop();
    this.changed();
  }

  /** @param {import("../api.js").Answer} answer */
  turnedAway(answer) {
    this.refusal = answer.problem || "refused";
    if (answer.problem === "call-missed" || answer.problem === "session-ended") {
      const may_rejoin = Boolean(answer.data?.may_rejoin);
      this.status = { .../** @type {Status} */ (this.status ?? {}), state: "expired", may_rejoin };
    } else if (answer.problem === "ticket-left") this.lose();
    else if (answer.problem === "event-closed" && this.board) this.board = { ...this.board, phase: "closed" };
  }

  lose() {
    this.world.forget("seat", this.event);
    this.seat = null;
    this.status = null;
    this.door = null;
    this.left = true;
    this.reseatedAt = null;
  }

  /** @param {Seat|null} seat as another tab left it */
  seatChangedElsewhere(seat) {
    if (seat === null) {
      if (this.seat?.token) this.lose();
    } else if (seat.token !== this.seat?.token) {
      this.seat = seat;
      this.left = false;
      this.status = null;
      this.askNotBefore = 0;
      void this.look();
    }
    this.changed();
  }

  refreshCatalogue() {
    const { monotonic, random } = this.world;
    if (monotonic() - this.catalogueAt < CATALOGUE_EVERY_MS * (0.8 + 0.4 * random()) || this.world.hidden()) return;
    this.catalogueAt = monotonic();
    this.world.fetchPublic(this.path("")).then(
      (answer) => {
        if (answer.ok) this.catalogue = answer.data;
        this.changed();
      },
      () => {},
    );
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
