// An early crowd gathers in the pre-queue; at the on-sale minute the draw is made, and the others come.
//
//   k6 run -e FANS=1000 -e EARLY=0.7 k6/prequeue.js        # of an event whose on-sale begins within some minutes
//
// Proves that the draw is the one that was promised, that the pre-queue stands before all arrivals, that nobody is let in
// before the on-sale, and then what `stampede` proves. README.md tells the settings.

import crypto from "k6/crypto";
import exec from "k6/execution";
import { fail, sleep } from "k6";
import { Counter } from "k6/metrics";
import { buyOne } from "./lib/checkout.js";
import { settingsOf } from "./lib/common.js";
import { Fan, bytesOf, isOneOf } from "./lib/fan.js";
import { share } from "./lib/settings.js";
import { Story } from "./lib/story.js";
import { summaryOf } from "./lib/summary.js";
import { watch } from "./lib/watch.js";
import { discover, takeStock } from "./lib/world.js";

const settings = settingsOf({ EARLY: share(0.7) });
const story = new Story("prequeue", settings);
const early = new Counter("fans_early");
const drawsUntrue = new Counter("draws_untrue");
const cohortsUntrue = new Counter("cohorts_untrue");
/** Places from here on are arrivals'. */
const FIRST_ARRIVAL = 2 ** 50;

export const options = story.options(
  { fans: story.crowd("queueing") },
  { fans_admitted: ["count>0"], fans_early: ["count>0"], draws_untrue: ["count==0"], cohorts_untrue: ["count==0"] },
);

export function setup() {
  const world = discover(settings);
  if (world.phase !== "prequeue") fail(`the pre-queue of ${world.event} is over: its phase is ${world.phase}`);
  return world;
}

export function watching(world) {
  watch(settings, world, story.book, { least: (world.onSaleAt - Date.now() - world.offsetMs) / 1000 + 3 });
}

export function queueing(world) {
  const number = exec.vu.idInTest;
  const fan = new Fan(settings, world, story.book);
  const isEarly = isOneOf(settings.EARLY, number, 53);
  if (!isEarly) sleep(Math.max(0, (world.onSaleAt - fan.storeNow()) / 1000));
  sleep(Math.random() * settings.ARRIVE);
  if (!fan.join()) return;
  const cohort = fan.status.cohort;
  if (isEarly && cohort === "prequeue") early.add(1);
  if (!isEarly && cohort === "prequeue") cohortsUntrue.add(1);
  if (isOneOf(settings.NO_SHOW, number)) {
    fan.stayAway();
    return;
  }
  const admission = fan.comeThrough();
  if (fan.place < FIRST_ARRIVAL !== (cohort === "prequeue")) cohortsUntrue.add(1);
  if (fan.board) verifyDraw(fan.board, world);
  if (admission && isOneOf(settings.BUY, number, 61)) buyOne(settings, admission, world.offers[0].id, number);
}

/** The seed that was drawn hashes to what the board had promised before. */
function verifyDraw({ draw }, { commitment }) {
  const isKept = draw.commitment === commitment && crypto.sha256(bytesOf(draw.seed ?? ""), "hex") === commitment;
  if (isKept) return;
  drawsUntrue.add(1);
  console.error(`promised ${commitment}, drawn ${JSON.stringify(draw)}`);
}

export function teardown(world) {
  takeStock(settings, world);
}

export function handleSummary(data) {
  const count = (name) => data.metrics[name]?.values.count ?? 0;
  return summaryOf(story, data, [
    ["draw", `${count("fans_early")} drawn, ${count("draws_untrue")} times not as promised`],
  ]);
}
