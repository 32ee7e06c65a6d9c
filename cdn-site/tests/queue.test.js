import assert from "node:assert/strict";
import { test } from "node:test";
import { Unreachable } from "../js/api.js";
import { serverClock } from "../js/lib/clock.js";
import { Queue } from "../js/waiting/queue.js";

const START = Date.parse("2026-11-21T10:30:00Z");
const PLACE = 1_795_250_000_500_000;

/** A service and a browser in one, on a clock that the test moves. */
function setting({ secret = true } = {}) {
  const kept = new Map();
  /** @type {{at: number, run: () => void}[]} */
  let timers = [];
  let ticks = 0;
  const service = {
    away: false,
    epoch: 1,
    phase: "admitting",
    frontier: PLACE - 400_000,
    state: "waiting",
    token: "token-1",
    observed: 600,
    onSaleAt: "2026-11-21T10:00:00Z",
    /** @type {string|null} */
    slowedAt: null,
    /** @type {any[]} */
    door: [],
    /** @type {string[]} */
    calls: [],
  };
  const now = () => new Date(START + ticks).toISOString();
  const board = () => ({
    event: "e",
    epoch: service.epoch,
    phase: service.phase,
    at: now(),
    opens_at: "2026-11-21T09:30:00Z",
    on_sale_at: service.onSaleAt,
    closes_at: null,
    frontier: service.frontier,
    waiting: 1000,
    rate_per_minute: 600,
    observed_per_minute: service.observed,
    observed_low_per_minute: service.observed * 0.8,
    observed_high_per_minute: service.observed * 1.2,
    slowed_at: service.slowedAt,
    marks: [[service.frontier + 1, 0], [service.frontier + 1_000_000, 1000]],
    poll_policy: { min_ms: 1000, max_ms: 30_000, eta_fraction: 0.1, jitter: 0.2, hidden_ms: 40_000 },
    draw: { commitment: "", seed: null },
    call_window_seconds: 120,
    message: null,
  });
  const status = () => ({
    state: service.state,
    ahead: null,
    waiting: 1000,
    eta_seconds: null,
    eta_low_seconds: null,
    eta_high_seconds: null,
    poll_after_ms: 2000,
    phase: service.phase,
    epoch: service.epoch,
    place: PLACE,
    cohort: "arrival",
    call_expires_at: service.state === "called" ? new Date(START + ticks + 120_000).toISOString() : null,
    may_rejoin: true,
  });
  const answer = (code, data, problem = "") => ({ status: code, ok: code < 300, data, problem, retryAfterMs: data?.retry_after_ms ?? 0, date: now() });
  const seated = () => ({ queue_token: service.token, ticket: "t", cohort: "arrival", place: PLACE, epoch: service.epoch, status: status() });
  const world = {
    async call(method, path, { token } = {}) {
      const name = `${method} ${path.split("/").slice(4).join("/")}`;
      service.calls.push(name);
      if (service.away) throw new Unreachable("away");
      if (name === "POST queue") return answer(201, seated());
      if (token !== service.token) return answer(401, {}, "invalid-token");
      if (name === "GET queue/me") return answer(200, status());
      if (name === "POST queue/rejoin") return answer(200, seated());
      if (name === "DELETE queue/me") return answer(204, null);
      if (name === "POST admission") {
        const [code, data, problem] = service.door.shift() ?? [200, { admission_token: "a", session: "s", expires_at: now(), checkout_url: "/" }];
        return answer(code, data, problem);
      }
      return answer(404, {}, "not-found");
    },
    async fetchBoard() {
      if (service.away) throw new Unreachable("away");
      service.calls.push("board");
      return answer(200, board());
    },
    async fetchPublic() {
      return answer(404, {});
    },
    recall: (kind) => (kept.has(kind) ? JSON.parse(kept.get(kind)) : null),
    remember: (kind, _event, value) => kept.set(kind, JSON.stringify(value)),
    forget: (kind) => kept.delete(kind),
    clock: serverClock(() => ticks),
    random: () => 0.5,
    hidden: () => false,
    monotonic: () => ticks,
    setTimer: (run, ms) => {
      const timer = { at: ticks + ms, run };
      timers.push(timer);
      return timer;
    },
    clearTimer: (timer) => {
      timers = timers.filter((other) => other !== timer);
    },
  };
  if (secret) kept.set("seat", JSON.stringify({ secret: "s".repeat(43), token: "token-1", ticket: "t", cohort: "arrival", place: PLACE, epoch: 1 }));
  const queue = new Queue("e", /** @type {any} */ (world), () => {});
  const settle = async () => {
    for (let i = 0; i < 50; i += 1) await Promise.resolve();
  };
  return {
    queue,
    service,
    kept,
    settle,
    /** The computer sleeps: time goes by and nothing runs. When it wakes up, what is due does. */
    async sleep(ms) {
      await settle();
      ticks += ms;
      queue.wake();
      await settle();
    },
    async pass(ms) {
      const until = ticks + ms;
      for (;;) {
        await settle();
        const next = timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        ticks = Math.max(ticks, next.at);
        timers = timers.filter((other) => other !== next);
        next.run();
      }
      ticks = until;
      queue.beat();
      await settle();
    },
  };
}

test("waiting asks boards only, and the number falls as the frontier moves", async () => {
  const { queue, service, pass } = setting();
  await queue.start();
  assert.equal(queue.situation, "waiting");
  const first = queue.seat.shown.ahead;
  for (let i = 0; i < 10; i += 1) {
    service.frontier += 20_000;
    await pass(10_000);
    assert.ok(queue.seat.shown.ahead <= first);
  }
  assert.ok(queue.seat.shown.progress > 0.3);
  assert.deepEqual([...new Set(service.calls)], ["board"]);
});

test("at the frontier it asks, and learns of the call", async () => {
  const { queue, service, pass } = setting();
  await queue.start();
  service.frontier = PLACE;
  service.state = "called";
  await pass(30_000);
  assert.equal(queue.situation, "called");
  const asked = service.calls.filter((name) => name === "GET queue/me").length;
  await pass(30_000);
  assert.equal(service.calls.filter((name) => name === "GET queue/me").length, asked, "a call is not asked about again");
  service.state = "expired";
  await pass(100_000);
  assert.equal(queue.situation, "missed");
});

test("a lost store: the token is presented again and the place stays", async () => {
  const { queue, service, pass, kept } = setting();
  await queue.start();
  service.epoch = 2;
  service.phase = "recovering";
  await pass(40_000);
  assert.equal(service.calls.filter((name) => name === "POST queue/rejoin").length, 1);
  assert.equal(queue.situation, "recovering");
  service.phase = "admitting";
  await pass(40_000);
  assert.equal(queue.situation, "waiting");
  assert.equal(queue.climbs, "rebuilt");
  assert.deepEqual([JSON.parse(kept.get("seat")).epoch, queue.seat.place], [2, PLACE]);
});

test("a store lost while the service is away is mended when it is back", async () => {
  const { queue, service, pass } = setting();
  await queue.start();
  service.away = true;
  await pass(120_000);
  assert.ok(queue.trouble.failures > 2);
  assert.ok(queue.seat.token);
  service.away = false;
  service.epoch = 9;
  await pass(60_000);
  assert.equal(queue.trouble, null);
  assert.equal(queue.seat.epoch, 9);
});

test("a token that is no longer believed is renewed by the secret", async () => {
  const { queue, service, pass } = setting();
  await queue.start();
  service.token = "token-2";
  service.frontier = PLACE;
  service.state = "called";
  await pass(40_000);
  assert.equal(queue.seat.token, "token-2");
  assert.equal(queue.situation, "called");
});

test("joining goes on while nobody answers, with one secret", async () => {
  const { queue, service, pass } = setting({ secret: false });
  await queue.start();
  assert.equal(queue.situation, "outside");
  service.away = true;
  void queue.seating.join();
  await pass(500);
  const { secret } = queue.seat;
  assert.match(secret, /^[\w-]{43}$/);
  await pass(20_000);
  assert.equal(queue.seating.joining.reason, "unreachable");
  service.away = false;
  await pass(40_000);
  assert.equal(queue.seating.joining, null);
  assert.equal(queue.situation, "waiting");
  assert.equal(queue.seat.secret, secret);
});

test("the door: early, busy and silent are waited out", async () => {
  const { queue, service, pass, kept } = setting();
  service.frontier = PLACE;
  service.state = "called";
  await queue.start();
  service.door = [
    [425, { retry_after_ms: 1000 }, "not-called-yet"],
    [429, { retry_after_ms: 2000 }, "door-busy"],
  ];
  void queue.door.enter();
  await pass(10);
  assert.equal(queue.door.knocking.reason, "not-called-yet");
  await pass(1300);
  assert.equal(queue.door.knocking.reason, "door-busy");
  service.away = true;
  await pass(3000);
  assert.equal(queue.door.knocking.reason, "unreachable");
  service.away = false;
  await pass(9000);
  assert.equal(JSON.parse(kept.get("pass")).token, "a");
});

test("the door: who steps back while the answer is under way stays back", async () => {
  const { queue, service, pass } = setting();
  service.frontier = PLACE;
  service.state = "called";
  await queue.start();
  service.door = [[429, { retry_after_ms: 1000 }, "door-busy"]];
  void queue.door.enter();
  queue.door.stepBack();
  await pass(5000);
  assert.equal(queue.door.knocking, null);
  assert.equal(service.calls.filter((name) => name === "POST admission").length, 1);
});

test("the door: a missed call explains itself and leads back", async () => {
  const { queue, service, pass } = setting();
  service.frontier = PLACE;
  service.state = "called";
  await queue.start();
  service.door = [[410, { may_rejoin: true }, "call-missed"]];
  void queue.door.enter();
  await pass(10);
  assert.equal(queue.situation, "missed");
  assert.equal(queue.status.may_rejoin, true);
  await queue.seating.rejoin();
  assert.equal(queue.situation, "called");
});

test("leaving forgets the place, also when another tab does it", async () => {
  const one = setting();
  await one.queue.start();
  await one.queue.seating.leave();
  assert.equal(one.queue.situation, "left");
  assert.equal(one.kept.has("seat"), false);
  const two = setting();
  await two.queue.start();
  two.queue.seatChangedElsewhere(null);
  assert.equal(two.queue.situation, "left");
});

test("asleep for an hour: what happened meanwhile is known at once, and the position has not gone up", async () => {
  const { queue, service, sleep, pass } = setting();
  await queue.start();
  const before = queue.seat.shown;
  service.frontier += 100_000;
  await sleep(3_600_000);
  assert.equal(queue.situation, "waiting");
  assert.ok(queue.seat.shown.ahead < before.ahead);
  service.frontier = PLACE;
  service.state = "expired";
  await sleep(3_600_000);
  await pass(1000);
  assert.equal(queue.situation, "missed");
});

test("asleep while the operator slows down: on waking the wait may be longer, and the page knows why", async () => {
  const { queue, service, sleep, pass } = setting();
  await queue.start();
  const before = queue.seat.shown;
  service.slowedAt = new Date(START + 600_000).toISOString();
  service.observed = 300;
  await sleep(3_600_000);
  assert.equal(queue.climbs, "slowed");
  assert.ok(queue.seat.shown.mid > before.mid);
  assert.equal(queue.seat.shown.ahead, before.ahead);
  await pass(400_000);
  assert.equal(queue.climbs, null, "explained long enough");
});

test("asleep while the store was lost: the place is presented again on waking", async () => {
  const { queue, service, sleep, pass } = setting();
  await queue.start();
  service.epoch = 5;
  await sleep(3_600_000);
  await pass(5000);
  assert.equal(queue.seat.epoch, 5);
  assert.equal(queue.seat.place, PLACE);
  assert.equal(queue.climbs, "rebuilt");
});

test("another tab has shown less: this one does not take it back, nor does the next after a reload", async () => {
  const { queue, kept, pass } = setting();
  await queue.start();
  const { ahead } = queue.seat.shown;
  const other = JSON.parse(kept.get("seat"));
  other.shown.ahead = ahead - 50;
  kept.set("seat", JSON.stringify(other));
  await pass(40_000);
  assert.equal(queue.seat.shown.ahead, ahead - 50);
  assert.equal(JSON.parse(kept.get("seat")).shown.ahead, ahead - 50);
});

test("the pre-queue: in its last half minute nobody asks more often, and right after the draw everybody has asked", async () => {
  const { queue, service, pass } = setting();
  service.phase = "prequeue";
  service.onSaleAt = new Date(START + 120_000).toISOString();
  await queue.start();
  assert.equal(queue.situation, "prequeue");
  await pass(90_000);
  service.calls.length = 0;
  await pass(30_000);
  assert.ok(service.calls.length <= 2, service.calls.join(", "));
  assert.equal(queue.situation, "drawing", "the countdown is over");
  service.phase = "admitting";
  await pass(5000);
  assert.equal(queue.situation, "waiting");
});

test("a pause: who is far behind asks no more often than before it", async () => {
  const { queue, service, pass } = setting();
  service.frontier = PLACE - 900_000;
  await queue.start();
  const asked = async () => {
    service.calls.length = 0;
    await pass(600_000);
    return service.calls.filter((name) => name === "board").length;
  };
  const waiting = await asked();
  service.phase = "paused";
  await pass(60_000);
  assert.equal(queue.situation, "paused");
  assert.ok((await asked()) <= waiting * 1.5);
});
