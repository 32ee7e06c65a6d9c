/** One fan's way from the join to the door. It polls by the page's own code and keeps what it saw as evidence. */
import crypto, { randomBytes } from "k6/crypto";
import encoding from "k6/encoding";
import { sleep } from "k6";
import { pollDelay } from "../../cdn-site/js/lib/poll.js";
import { aheadOf, etaOf, secondsAtTheRate } from "../../cdn-site/js/lib/position.js";
import { Caller } from "./http.js";
import { answers, fans, times } from "./metrics.js";
import { Witness } from "./witness.js";

/** After a store loss everybody hears of it within the same seconds; pages spread what they do about it. */
const RESEAT_SPREAD = 2;
/** Each so many looks at the board a fan asks for its own status too. */
const ASKS_EVERY = 4;
/** What people ahead is out by when it is read between two marks, twice: once then, once now. */
const MARKS_ERROR = { part: 1 / 16, count: 3 };
const KNOCKS = 2_000;
/** How far this machine's idea of the store's clock may be out, in milliseconds. */
const CLOCKS_APART = 1_000;

export function newSecret() {
  return encoding.b64encode(randomBytes(24), "rawurl");
}

/** The bytes that `hex` stands for. */
export function bytesOf(hex) {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)).buffer;
}

/** The place that the draw gives `ticket`: the first 50 bits of HMAC-SHA-256(seed, ticket). */
export function drawnPlace(seedHex, ticket) {
  const digest = crypto.hmac("sha256", bytesOf(seedHex), encoding.b64decode(ticket, "rawurl"), "hex");
  return Number.parseInt(digest.slice(0, 12), 16) * 4 + (Number.parseInt(digest.slice(12, 14), 16) >> 6);
}

export class Fan {
  /**
   * @param {object} settings the story's
   * @param {object} world what `discover` found
   * @param {import("./book.js").Book} book
   */
  constructor(settings, world, book) {
    this.settings = settings;
    this.world = world;
    this.book = book;
    this.caller = new Caller(settings);
    this.queue = `${world.path}/queue`;
    this.witness = new Witness({ lagMs: settings.LAG * 1000 });
    this.secret = newSecret();
    this.place = null;
    this.isAccounted = false;
    /** Rejoined tickets come in again at the head, so that "ahead" may grow for those behind. */
    this.othersComeBack = false;
    this.wasCalledBefore = false;
    this.wasOvertaken = false;
    this.ahead = Infinity;
    this.looks = 0;
  }

  storeNow() {
    return Date.now() + this.world.offsetMs;
  }

  /** Joins; a share of the fans says so twice, as a page does whose first request was lost. */
  join() {
    fans.came.add(1);
    fans.unaccounted.add(1);
    this.begunAt = Date.now();
    const answer = this.sit();
    times.join.add(answer.took);
    if (answer.ok && Math.random() < this.settings.RETRIES) this.sit();
    return answer.ok;
  }

  /** Says the secret: the ticket and the place that it has are this fan's. */
  sit() {
    const answer = this.caller.ask("POST", this.queue, {
      name: "join",
      expect: [200, 201],
      body: { secret: this.secret },
    });
    if (answer.ok) this.takeSeat(answer.body, answer.status === 201);
    return answer;
  }

  takeSeat({ queue_token, ticket, place, epoch, status }, isNew) {
    if (this.ticket !== undefined && this.ticket !== ticket) this.hasMoved(`ticket ${this.ticket} became ${ticket}`);
    this.token = queue_token;
    this.ticket = ticket;
    this.heardOfPlace(place);
    if (this.epoch === undefined && isNew) {
      // An arrival's place is the store's time in microseconds.
      const isArrival = this.place !== null;
      this.witness.seated(epoch, isArrival ? this.place / 1000 : this.storeNow() + CLOCKS_APART, 0);
      this.epoch = epoch;
    }
    this.isHeldIn(epoch);
    this.status = status;
    if (status.state === "waiting") this.noteAhead(status.ahead);
  }

  /** In a store that lost its tickets everybody stands anew, in the old order. */
  isHeldIn(epoch) {
    if (this.epoch === epoch) return;
    this.witness.seated(epoch, this.storeNow() + CLOCKS_APART, null);
    this.ahead = Infinity;
    this.othersComeBack = true;
    this.epoch = epoch;
  }

  heardOfPlace(place) {
    if (place === null || place === undefined) return;
    if (this.place !== null && this.place !== place) {
      this.hasMoved(`place ${this.place} became ${place}`);
    }
    this.place = place;
  }

  hasMoved(what) {
    fans.moved.add(1);
    console.error(what);
  }

  /** Looks at the board, as the page does, and asks for its own status when there may be news for it. */
  look() {
    const answer = this.caller.ask("GET", `${this.world.path}/board`, { name: "board", expect: [200] });
    if (!answer.ok) return;
    const board = answer.body;
    this.board = board;
    this.boardAt = answer.receivedAt;
    if (this.place === null && board.draw.seed) this.heardOfPlace(drawnPlace(board.draw.seed, this.ticket));
    this.witness.board({ ...board, at: Date.parse(board.at) }, this.place, answer.receivedAt);
    this.looks += 1;
    if (board.epoch !== this.epoch) {
      sleep(Math.random() * RESEAT_SPREAD);
      this.rejoin();
    } else if (this.isCloseTo(board) || this.looks % ASKS_EVERY === 0) {
      this.ask();
    }
  }

  isCloseTo(board) {
    if (board.phase === "prequeue" || board.phase === "recovering") return false;
    return this.place === null || this.place <= board.frontier || board.phase === "bypass" || board.phase === "closed";
  }

  ask() {
    const answer = this.caller.ask("GET", `${this.queue}/me`, { name: "me", expect: [200], token: this.token });
    if (answer.ok) this.hear(answer.body, answer);
    return answer;
  }

  hear(status, { sentAt }) {
    this.status = status;
    this.heardOfPlace(status.place);
    if (status.queue_token) this.token = status.queue_token;
    this.isHeldIn(status.epoch);
    if (status.state === "waiting") this.noteWaiting(status, sentAt);
    if (status.state === "called") this.noteCalled(status);
  }

  noteWaiting({ epoch, ahead }, sentAt) {
    if (this.witness.waiting(epoch, sentAt)) this.isOvertaken();
    this.noteAhead(ahead);
  }

  noteAhead(ahead) {
    if (ahead === null || this.othersComeBack) return;
    if (ahead > this.ahead * (1 + MARKS_ERROR.part) + MARKS_ERROR.count) {
      fans.wentBack.add(1);
      console.error(`${this.ahead} people ahead became ${ahead}`);
    }
    this.ahead = Math.min(this.ahead, ahead);
  }

  noteCalled(status) {
    if (this.calledAt !== undefined || this.wasCalledBefore) return;
    this.calledAt = Date.now();
    const called = Date.parse(status.call_expires_at) - this.world.callWindowMs;
    if (this.witness.called(status, called, this.calledAt - this.boardAt)) this.isOvertaken();
  }

  isOvertaken() {
    if (this.wasOvertaken || this.wasCalledBefore) return;
    this.wasOvertaken = true;
    fans.overtaken.add(1);
    console.error(`overtaken at place ${this.place}: ${JSON.stringify(this.witness.proof)}`);
  }

  /** Puts the ticket back at its place: after a store loss, or after a missed call. */
  rejoin(expect = [200]) {
    const answer = this.caller.ask("POST", `${this.queue}/rejoin`, { name: "rejoin", expect, token: this.token });
    if (answer.status === 200) this.takeSeat(answer.body, false);
    return answer;
  }

  leave() {
    return this.caller.ask("DELETE", `${this.queue}/me`, { name: "leave", expect: [204], token: this.token });
  }

  /** Waits until there is something to do: `called`, `admitted`, `expired`, `left` or `closed`. */
  untilNews(deadline = Infinity) {
    while (["waiting", "prequeue"].includes(this.status.state)) {
      if (Date.now() > deadline) return "waiting";
      sleep(this.pollAfter());
      this.look();
    }
    if (this.status.state === "called") this.noteCalled(this.status);
    return this.status.state;
  }

  pollAfter() {
    const { board, status } = this;
    if (!board) return status.poll_after_ms / 1000;
    const ahead = this.place === null ? null : aheadOf(this.place, board);
    const untilSale = (Date.parse(board.on_sale_at) - this.storeNow()) / 1000;
    let etaSeconds = board.phase === "prequeue" ? untilSale : null;
    if (board.phase === "admitting" && ahead !== null) {
      etaSeconds = etaOf(ahead, board)?.mid ?? secondsAtTheRate(ahead, board);
    }
    return pollDelay({ etaSeconds, policy: board.poll_policy, hidden: false, random: Math.random() }) / 1000;
  }

  /**
   * Knocks at the door until it opens.
   *
   * @returns {{admission?: object, refused?: string, mayRejoin?: boolean}}
   */
  claim() {
    let firstSentAt;
    for (let knocks = 0; knocks < KNOCKS; knocks += 1) {
      const answer = this.caller.ask("POST", `${this.world.path}/admission`, {
        name: "claim",
        expect: [200, 410, 425, 429],
        token: this.token,
      });
      firstSentAt ??= answer.firstSentAt;
      if (answer.status === 200) return { admission: this.enter(answer, firstSentAt) };
      if (answer.status === 410) return { refused: slug(answer), mayRejoin: answer.body.may_rejoin };
      if (answer.status === 425) return { refused: "not-called-yet" };
      if (answer.status !== 429) return { refused: String(answer.status) };
      sleep(answer.body.retry_after_ms / 1000);
    }
    return { refused: "door-busy" };
  }

  enter({ body, receivedAt }, firstSentAt) {
    this.book.claim(this.world, {
      session: body.session,
      admittedAt: Date.parse(body.admitted_at),
      firstSentAt,
      receivedAt,
    });
    return body;
  }

  /**
   * The whole way of a fan who comes when called, and comes back once when it was too slow: the admission, or nothing
   * when it is lost.
   */
  comeThrough() {
    for (;;) {
      const state = this.untilNews();
      if (state === "expired" && this.comesBack()) continue;
      if (state !== "called" && state !== "admitted") return this.isLost(state);
      const { admission, refused, mayRejoin } = this.claim();
      if (admission) {
        this.isThrough();
        return admission;
      }
      if (refused === "call-missed" && mayRejoin && this.ask().ok) continue;
      if (refused !== "not-called-yet") return this.isLost(refused);
      // A store that was lost meanwhile has to call this fan again.
      sleep(0.5 + Math.random());
      if (!this.ask().ok) return this.isLost("no status");
    }
  }

  /** Waits like everybody else, and never comes to the door. */
  stayAway() {
    const state = this.untilNews();
    if (state !== "called") {
      this.isLost(state);
      return;
    }
    fans.noShow.add(1);
    this.account();
  }

  /** Makes a missed call good, if the rules allow it. */
  comesBack() {
    if (!this.status.may_rejoin || !this.rejoin().ok) return false;
    fans.missed.add(1);
    fans.cameBack.add(1);
    this.wasCalledBefore = true;
    return true;
  }

  isThrough() {
    fans.admitted.add(1);
    this.account();
    times.wait.add(Date.now() - this.begunAt);
    if (this.calledAt !== undefined) times.door.add(Date.now() - this.calledAt);
  }

  isLost(why) {
    fans.lost.add(1);
    this.account();
    console.error(`a fan at place ${this.place} was lost: ${why}`);
    return null;
  }

  /** It is known what became of this fan. */
  account() {
    if (!this.isAccounted) fans.unaccounted.add(-1);
    this.isAccounted = true;
  }
}

/** The stable name of the problem that an answer tells. */
export function slug(answer) {
  return String(answer.body.type ?? "").replace("/problems/", "");
}

/** What should have been refused, in so many words, and was not, is a side door. */
export function mustBeRefused(answer, what, statuses = [401, 403]) {
  if (statuses.includes(answer.status)) {
    answers.refused.add(1);
    return;
  }
  answers.opened.add(1);
  console.error(`${what}: answered ${answer.status} ${JSON.stringify(answer.body)}`);
}

/** Of each hundred fans the same ones belong to a part of `share`, so that a run can be repeated. */
export function isOneOf(share, number, stride = 37) {
  return (number * stride) % 100 < share * 100;
}
