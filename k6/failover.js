// Something is killed while fans wait and buy: a process, the store, the whole program.
//
//   k6 run -e FANS=600 -e OUTAGE=30 k6/failover.js &  sleep 12; kill -9 ...
//
// Proves that the service is back within OUTAGE, that nobody is lost or overtaken, that every place is the same
// afterwards, that the rate holds over the failure, and that no order is lost or made twice. README.md tells the settings.

import exec from "k6/execution";
import { sleep } from "k6";
import { Counter } from "k6/metrics";
import { Checkout, buyOne, buysOnce } from "./lib/checkout.js";
import { settingsOf } from "./lib/common.js";
import { Fan, isOneOf } from "./lib/fan.js";
import { door } from "./lib/metrics.js";
import { flag, seconds, share } from "./lib/settings.js";
import { Story } from "./lib/story.js";
import { summaryOf } from "./lib/summary.js";
import { watch } from "./lib/watch.js";
import { discover, takeStock } from "./lib/world.js";

const settings = settingsOf({
  OUTAGE: seconds(60),
  BUY: share(0.5),
  RETRIES: share(0.5),
  AGAIN: seconds(20),
  NOTICED: flag(true),
});
const story = new Story("failover", settings);
const KNOCKS = 8;
const epochs = new Counter("fans_in_a_new_epoch");

export const options = story.options(
  { fans: story.crowd("queueing") },
  {
    fans_admitted: ["count>0"],
    orders_confirmed: ["count>0"],
    // A failure that nobody noticed proves nothing.
    ...(settings.NOTICED ? { requests_retried: ["count>0"] } : {}),
  },
);

export function setup() {
  return discover(settings);
}

export function watching(world) {
  watch(settings, world, story.book);
}

export function queueing(world) {
  const number = exec.vu.idInTest;
  const fan = new Fan(settings, world, story.book);
  sleep(Math.random() * settings.ARRIVE);
  if (!fan.join()) return;
  const { epoch } = fan;
  if (isOneOf(settings.NO_SHOW, number)) {
    fan.stayAway();
    return;
  }
  const admission = fan.comeThrough();
  if (fan.epoch !== epoch) epochs.add(1);
  if (!admission || !isOneOf(settings.BUY, number, 61)) return;
  const bought = buyOne(settings, admission, world.offers[0].id, number);
  if (bought?.settled.state === "confirmed") triesAgain(fan, admission, bought, world.offers[0].id, number);
}

/**
 * Some time later, when the store may have forgotten that this ticket was in checkout, tries to buy once more: at the
 * door, and if that opens, behind it.
 */
function triesAgain(fan, { session }, { checkout, settled }, offer, number) {
  const { epoch } = fan;
  sleep(settings.AGAIN * (0.5 + Math.random() / 2));
  buysOnce(checkout, offer, settled, number);
  if (!fan.ask().ok) return;
  let knock = fan.claim();
  for (let knocks = 1; knocks < KNOCKS && knock.refused === "not-called-yet"; knocks += 1) {
    sleep(1);
    knock = fan.claim();
  }
  if (!knock.admission) return;
  if (fan.ask().ok && fan.epoch === epoch && knock.admission.session !== session) {
    door.secondSessions.add(1);
    console.error(`two sessions of one ticket in epoch ${epoch}`);
  }
  buysOnce(new Checkout(settings, knock.admission.admission_token), offer, settled, number);
}

export function teardown(world) {
  takeStock(settings, world);
}

export function handleSummary(data) {
  const count = (name) => data.metrics[name]?.values.count ?? 0;
  return summaryOf(story, data, [["store", `${count("fans_in_a_new_epoch")} fans came through in a later epoch`]]);
}
