// A few clients join thousands of times, replay and forge tokens, and send rubbish, while fans queue.
//
//   k6 run -e FANS=300 -e BOTS=10 -e JOINS=500 k6/bots.js
//
// Proves that one secret is one ticket, one ticket one session and one order, that no forged, foreign or expired token
// opens anything, and that the fans notice nothing: they are served in order, at the rate, and at once. README.md tells
// the settings.

import encoding from "k6/encoding";
import exec from "k6/execution";
import http from "k6/http";
import { sleep } from "k6";
import { Counter } from "k6/metrics";
import { Checkout, buyOne, buysOnce, orderOf } from "./lib/checkout.js";
import { settingsOf } from "./lib/common.js";
import { Fan, isOneOf, mustBeRefused, newSecret } from "./lib/fan.js";
import { RUBBISH, forgeriesOf } from "./lib/forgeries.js";
import { Caller } from "./lib/http.js";
import { door, fans } from "./lib/metrics.js";
import { seconds, whole } from "./lib/settings.js";
import { Story } from "./lib/story.js";
import { summaryOf } from "./lib/summary.js";
import { watch } from "./lib/watch.js";
import { discover, takeStock } from "./lib/world.js";

const settings = settingsOf({ BOTS: whole(5), JOINS: whole(400), HOARD: whole(20), AWAIT_EXPIRY: seconds(0) });
const story = new Story("bots", settings);
const joins = new Counter("bot_joins");
const replays = new Counter("token_replays");
const expired = new Counter("expired_tokens_tried");

const base64url = {
  encode: (text) => encoding.b64encode(text, "rawurl"),
  decode: (text) => encoding.b64decode(text, "rawurl", "s"),
};
/** Whatever is answered to an attack is judged by who made it. */
const ANY = [200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 425, 429, 431, 0];
const REPLAYS = 5;

export const options = story.options(
  {
    fans: story.crowd("queueing"),
    bots: story.crowd("hoarding", settings.BOTS),
    forger: story.single("forging"),
  },
  {
    fans_admitted: ["count>0"],
    attacks_refused: ["count>0"],
    token_replays: ["count>0"],
    ...(settings.AWAIT_EXPIRY > 0 ? { expired_tokens_tried: ["count>0"] } : {}),
  },
);

export function setup() {
  return discover(settings);
}

export function watching(world) {
  // Tickets that bots hoard and let go are no demand that a door could serve.
  watch(settings, world, story.book, { judgesIdle: false });
}

export function queueing(world) {
  const number = exec.vu.idInTest;
  const fan = new Fan(settings, world, story.book);
  sleep(Math.random() * settings.ARRIVE);
  if (!fan.join()) return;
  if (isOneOf(settings.NO_SHOW, number)) {
    fan.stayAway();
    return;
  }
  const admission = fan.comeThrough();
  if (admission && isOneOf(settings.BUY, number, 61)) buyOne(settings, admission, world.offers[0].id, number);
}

/** Joins again and again with a few secrets, then hammers at the door with what came of it. */
export function hoarding(world) {
  const caller = new Caller(settings);
  const secrets = Array.from({ length: settings.HOARD }, newSecret);
  const seats = new Map();
  for (let n = 0; n < settings.JOINS; n += 1) {
    const secret = secrets[n % secrets.length];
    const { ok, body } = caller.ask("POST", `${world.path}/queue`, { name: "bot join", expect: [200, 201], body: { secret } });
    if (!ok) continue;
    joins.add(1);
    const seat = seats.get(secret);
    if (seat === undefined) seats.set(secret, body);
    else if (seat.ticket !== body.ticket || seat.place !== body.place) {
      fans.moved.add(1);
      console.error(`one secret, two places: ${seat.place} and ${body.place}`);
    }
  }
  const open = [...seats.values()];
  while (open.length > 0 && fansWait()) {
    const seat = open.shift();
    if (!replay(seat, world)) open.push(seat);
    sleep(0.1);
  }
}

/** As long as there are fans to get in the way of. */
function fansWait() {
  return exec.instance.vusActive > settings.BOTS + 2;
}

/** Claims with one token from several connections at once: whether it is over. */
function replay(seat, world) {
  const request = {
    method: "POST",
    url: `${settings.BASE_URL}${world.path}/admission`,
    params: { headers: { Authorization: `Bearer ${seat.queue_token}` }, tags: { name: "bot claim" } },
  };
  const firstSentAt = Date.now();
  const responses = http.batch(Array(REPLAYS).fill(request));
  replays.add(REPLAYS);
  const admissions = responses.filter(({ status }) => status === 200).map((response) => response.json());
  for (const { session, admitted_at } of admissions) {
    story.book.claim(world, { session, admittedAt: Date.parse(admitted_at), firstSentAt, receivedAt: Date.now() });
  }
  if (new Set(admissions.map(({ session }) => session)).size > 1) {
    door.secondSessions.add(1);
    console.error(`one ticket, several sessions: ${JSON.stringify(admissions)}`);
  }
  return admissions.length > 0 || responses.some(({ status }) => status === 410);
}

/** Has a place and an admission like anybody else, and makes everything else out of them. */
export function forging(world) {
  const fan = new Fan(settings, world, story.book);
  if (!fan.join()) return;
  forge(fan.caller, queueCalls(world), fan.token, "queue token");
  rubbish(fan.caller, world);
  if (world.otherEvent !== null) foreign(fan, world);
  const admission = fan.comeThrough();
  if (!admission) return;
  const token = admission.admission_token;
  forge(fan.caller, CHECKOUT_CALLS, token, "admission token");
  attempt(fan.caller, CHECKOUT_CALLS, fan.token, "a queue token as an admission token");
  attempt(fan.caller, queueCalls(world), token, "an admission token as a queue token");
  const bought = buyOne(settings, admission, world.offers[0].id, 0);
  if (bought?.settled.state === "confirmed") buysOnce(bought.checkout, world.offers[0].id, bought.settled, 0);
  expire(world);
}

function queueCalls({ path }) {
  return [
    ["GET", `${path}/queue/me`],
    ["DELETE", `${path}/queue/me`],
    ["POST", `${path}/queue/rejoin`],
    ["POST", `${path}/admission`],
  ];
}

const CHECKOUT_CALLS = [
  ["POST", "/v1/orders", orderOf("standing", 1, 0)],
  ["GET", "/v1/orders/AAAAAAAAAAAAAAAAAAAAAA"],
  ["GET", "/v1/session"],
  ["DELETE", "/v1/session"],
];

function attempt(caller, calls, token, what) {
  for (const [method, path, body] of calls) {
    const answer = caller.ask(method, path, {
      name: "forgery",
      expect: ANY,
      token,
      body,
      headers: { "Idempotency-Key": `forged-${newSecret()}` },
    });
    mustBeRefused(answer, `${method} ${path} with ${what}`);
  }
}

function forge(caller, calls, token, kind) {
  for (const [what, forged] of Object.entries(forgeriesOf(token, base64url))) {
    attempt(caller, calls, forged, `a forged ${kind}, ${what}`);
  }
}

/** A token of this event is worth nothing at another one. */
function foreign(fan, { otherEvent }) {
  attempt(fan.caller, queueCalls({ path: `/v1/events/${otherEvent}` }), fan.token, "a token of another event");
}

function rubbish(caller, { path }) {
  for (const [what, type, body, statuses] of RUBBISH) {
    const answer = caller.ask("POST", `${path}/queue`, {
      name: "rubbish",
      expect: ANY,
      body,
      headers: { "Content-Type": type },
    });
    mustBeRefused(answer, `a join with ${what}`, statuses);
  }
}

/** Outstays a session in checkout, if it ends within AWAIT_EXPIRY: its token buys nothing any more. */
function expire(world) {
  if (settings.AWAIT_EXPIRY === 0) return;
  const fan = new Fan(settings, world, story.book);
  if (!fan.join()) return;
  const admission = fan.comeThrough();
  if (!admission) return;
  const left = (Date.parse(admission.expires_at) - fan.storeNow()) / 1000;
  if (left > settings.AWAIT_EXPIRY) return;
  sleep(Math.max(0, left) + 2);
  expired.add(1);
  const checkout = new Checkout(settings, admission.admission_token);
  const late = checkout.send(orderOf(world.offers[0].id, 1, 0), { expect: ANY, name: "forgery" });
  mustBeRefused(late, "an order with an expired admission token", [401]);
}

export function teardown(world) {
  takeStock(settings, world);
}

export function handleSummary(data) {
  const count = (name) => data.metrics[name]?.values.count ?? 0;
  return summaryOf(story, data, [
    [
      "attacks",
      `${count("bot_joins")} joins of ${settings.BOTS} bots, ${count("token_replays")} replayed claims, ` +
        `${count("expired_tokens_tried")} expired tokens, ${count("attacks_refused")} attempts refused, ` +
        `${count("side_doors_open")} not`,
    ],
  ]);
}
