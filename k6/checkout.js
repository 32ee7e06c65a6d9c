// Orders, repeated and contradicted, until the stock runs out.
//
//   k6 run -e FANS=500 -e SCARCE=balcony k6/checkout.js
//
// Proves that an accepted order is settled once, that a key makes one order and a ticket buys once, that no more is sold
// than there is and nobody is refused while there is some, and that a session that was left buys nothing. README.md tells
// the settings.

import exec from "k6/execution";
import http from "k6/http";
import { sleep } from "k6";
import { Counter } from "k6/metrics";
import { Checkout, buysOnce, orderOf, repeatsAgree } from "./lib/checkout.js";
import { settingsOf } from "./lib/common.js";
import { Fan, mustBeRefused, newSecret, slug } from "./lib/fan.js";
import { share, text, whole } from "./lib/settings.js";
import { Story } from "./lib/story.js";
import { summaryOf } from "./lib/summary.js";
import { watch } from "./lib/watch.js";
import { discover, takeStock } from "./lib/world.js";

const given = settingsOf({ FANS: whole(200), NO_SHOW: share(0), SCARCE: text(null) });
const settings = { ...given, BUY: 1 };
const story = new Story("checkout", settings);
const refusedThoughLeft = new Counter("orders_refused_though_left");
const broken = new Counter("rules_broken");

export const options = story.options(
  { fans: story.crowd("queueing") },
  {
    orders_confirmed: ["count>0"],
    orders_refused_though_left: ["count==0"],
    rules_broken: ["count==0"],
    attacks_refused: ["count>0"],
  },
);

export function setup() {
  return discover(settings);
}

export function watching(world) {
  watch(settings, world, story.book);
}

const LIVES = [twoTabs, anotherBody, anotherKey, leaves, mistypes];

export function queueing(world) {
  const number = exec.vu.idInTest;
  const fan = new Fan(settings, world, story.book);
  sleep(Math.random() * settings.ARRIVE);
  if (!fan.join()) return;
  const admission = fan.comeThrough();
  if (!admission) return;
  const checkout = new Checkout(settings, admission.admission_token);
  LIVES[number % LIVES.length]({ fan, checkout, number, world, offer: offerFor(number, world) });
}

/** Every other fan wants what is scarce: the last offer, unless SCARCE names one. */
function offerFor(number, { offers }) {
  const scarce = offers.find(({ id }) => id === settings.SCARCE) ?? offers[offers.length - 1];
  return number % 2 === 0 ? scarce.id : offers[0].id;
}

/** Sends one order from two tabs at the same moment, and once more when it is settled. */
function twoTabs({ checkout, number, world, offer }) {
  const order = orderOf(offer, 1, number);
  const request = {
    method: "POST",
    url: `${settings.BASE_URL}/v1/orders`,
    body: JSON.stringify(order),
    params: {
      headers: {
        Authorization: `Bearer ${checkout.token}`,
        "Content-Type": "application/json",
        "Idempotency-Key": checkout.key,
      },
      tags: { name: "two tabs" },
    },
  };
  const ids = http.batch([request, request]).map((response) => response.json("order_id"));
  rule(ids[0] === ids[1], `two tabs, two orders: ${ids.join(" and ")}`);
  const placed = checkout.place(order);
  if (placed === null) return;
  rule(placed.order_id === ids[0], `a third request made another order: ${placed.order_id}`);
  const settled = settle(checkout, placed, offer, world);
  if (settled) repeatsAgree(checkout, order, placed);
}

/** The same key with another body is a mistake, not another order. */
function anotherBody({ checkout, number, world, offer }) {
  const placed = checkout.place(orderOf(offer, 1, number));
  if (placed === null) return;
  const other = checkout.send(orderOf(offer, 2, number), { expect: [202, 200, 422, 401] });
  mustBeRefused(other, "one key for two orders", [422, 401]);
  rule(other.status !== 422 || slug(other) === "idempotency-key-reused", `told as ${slug(other)}`);
  settle(checkout, placed, offer, world);
}

/** Another key doesn't make a second order, nor does another try at the door. */
function anotherKey({ fan, checkout, number, world, offer }) {
  const placed = checkout.place(orderOf(offer, 1, number));
  if (placed === null) return;
  const settled = settle(checkout, placed, offer, world);
  if (settled?.state === "refused") choosesAnother(checkout, number, world);
  if (settled?.state !== "confirmed") return;
  buysOnce(checkout, offer, placed, number);
  // The order that ended gives its session back within moments.
  for (let looks = 0; looks < 20 && fan.claim().admission; looks += 1) sleep(0.5);
  const { refused } = fan.claim();
  rule(refused === "session-ended", `after the order the door says ${refused}`);
}

/** Who was refused has bought nothing, and may buy something else as long as the session lives. */
function choosesAnother({ token }, number, world) {
  const checkout = new Checkout(settings, token);
  const [{ id }] = world.offers;
  const placed = checkout.place(orderOf(id, 1, number), [200, 202, 401]);
  if (placed) settle(checkout, placed, id, world);
}

/** Leaves without buying: the token opens nothing any more. */
function leaves({ checkout, number, offer }) {
  if (!checkout.leave().ok) return;
  const late = checkout.send(orderOf(offer, 1, number), { expect: [200, 202, 401] });
  mustBeRefused(late, "an order in a session that was left", [401]);
}

/** Orders that are none, then one that is. */
function mistypes({ checkout, number, world, offer }) {
  const { max_per_order: most } = world.offers.find(({ id }) => id === offer);
  const good = orderOf(offer, 1, number);
  const bad = [
    orderOf(offer, 0, number),
    orderOf(offer, -1, number),
    orderOf(offer, most + 1, number),
    orderOf("no-such-offer", 1, number),
    { ...good, lines: [] },
    { ...good, lines: [...good.lines, ...good.lines] },
    { ...good, email: "nobody" },
    { ...good, name: "" },
    {},
    "not json",
  ];
  for (const order of bad) {
    const answer = checkout.send(order, { expect: [200, 202, 400, 422], key: `bad-${newSecret()}`, name: "bad order" });
    mustBeRefused(answer, `the order ${JSON.stringify(order)}`, [400, 422]);
  }
  const keyless = checkout.send(good, { expect: [200, 202, 400], key: null, name: "bad order" });
  mustBeRefused(keyless, "an order without a key", [400]);
  const placed = checkout.place(good);
  if (placed) settle(checkout, placed, offer, world);
}

/** Waits for the order's end. Sold out is said only when nothing is left. */
function settle(checkout, placed, offer, world) {
  const settled = checkout.settled(placed.order_id);
  if (settled?.state !== "refused") return settled;
  rule(settled.reason === "sold-out", `refused as ${settled.reason}`);
  // The catalogue is told of the stock within some seconds.
  for (let looks = 0; looks < 20; looks += 1) {
    const { body } = checkout.caller.ask("GET", world.path, { name: "event", expect: [200] });
    if (body.offers?.find(({ id }) => id === offer)?.stock_left === 0) return settled;
    sleep(0.5);
  }
  refusedThoughLeft.add(1);
  return settled;
}

function rule(holds, what) {
  if (holds) return;
  broken.add(1);
  console.error(what);
}

export function teardown(world) {
  takeStock(settings, world);
}

export function handleSummary(data) {
  const count = (name) => data.metrics[name]?.values.count ?? 0;
  return summaryOf(story, data, [
    [
      "refusals",
      `${count("attacks_refused")} bad orders refused, ${count("side_doors_open")} not; ` +
        `${count("orders_refused_though_left")} sold out though there was some, ${count("rules_broken")} rules broken`,
    ],
  ]);
}
