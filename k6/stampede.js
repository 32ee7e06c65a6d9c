// Everybody comes in the first seconds.
//
//   k6 run -e FANS=1000 k6/stampede.js
//
// Proves that in the stampede nobody is lost or overtaken, that the door never lets in more than the rate and is never
// idle, and that a join that is sent twice finds the same place. README.md tells the settings.

import exec from "k6/execution";
import { sleep } from "k6";
import { buyOne } from "./lib/checkout.js";
import { settingsOf } from "./lib/common.js";
import { Fan, isOneOf } from "./lib/fan.js";
import { Story } from "./lib/story.js";
import { summaryOf } from "./lib/summary.js";
import { watch } from "./lib/watch.js";
import { discover, takeStock } from "./lib/world.js";

const settings = settingsOf();
const story = new Story("stampede", settings);

export const options = story.options({ fans: story.crowd("queueing") }, { fans_admitted: ["count>0"] });

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
  if (isOneOf(settings.NO_SHOW, number)) {
    fan.stayAway();
    return;
  }
  const admission = fan.comeThrough();
  if (admission && isOneOf(settings.BUY, number, 61)) buyOne(settings, admission, world.offers[0].id, number);
}

export function teardown(world) {
  takeStock(settings, world);
}

export function handleSummary(data) {
  return summaryOf(story, data);
}
