// Fans come and go for hours.
//
//   k6 run -e DURATION=4h -e PER_MINUTE=900 k6/soak.js
//
// Proves that what holds in a stampede goes on to hold, and that answers don't slow down. README.md tells the settings.

import exec from "k6/execution";
import { buyOne } from "./lib/checkout.js";
import { settingsOf } from "./lib/common.js";
import { Fan, isOneOf } from "./lib/fan.js";
import { seconds, whole } from "./lib/settings.js";
import { Story } from "./lib/story.js";
import { summaryOf } from "./lib/summary.js";
import { watch } from "./lib/watch.js";
import { discover, takeStock } from "./lib/world.js";

const given = settingsOf({ DURATION: seconds(600), PER_MINUTE: whole(900), ANSWER_P99: seconds(0.5) });
// The last one who comes may wait as long as everybody else.
const settings = { ...given, MAX_WAIT: given.DURATION + given.MAX_WAIT, FANS: arrivals(given) };
const story = new Story("soak", settings);
const QUARTERS = [1, 2, 3, 4];

export const options = story.options(
  {
    fans: {
      executor: "constant-arrival-rate",
      exec: "queueing",
      rate: given.PER_MINUTE,
      timeUnit: "1m",
      duration: `${given.DURATION}s`,
      preAllocatedVUs: Math.min(settings.FANS, 200),
      maxVUs: settings.FANS,
      gracefulStop: `${given.MAX_WAIT}s`,
    },
  },
  {
    fans_admitted: ["count>0"],
    dropped_iterations: ["count==0"],
    ...Object.fromEntries(
      QUARTERS.map((quarter) => [`http_req_duration{quarter:${quarter}}`, [`p(99)<${given.ANSWER_P99 * 1000}`]]),
    ),
  },
);

function arrivals({ PER_MINUTE, DURATION }) {
  return Math.ceil((PER_MINUTE / 60) * DURATION);
}

export function setup() {
  return discover(settings);
}

export function watching(world) {
  watch(settings, world, story.book, { least: given.DURATION });
}

export function queueing(world) {
  const number = exec.scenario.iterationInTest;
  const passed = (Date.now() - exec.scenario.startTime) / 1000 / given.DURATION;
  exec.vu.metrics.tags.quarter = String(Math.min(4, Math.floor(passed * 4) + 1));
  const fan = new Fan(settings, world, story.book);
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
  const slowest = QUARTERS.map((quarter) => {
    const values = data.metrics[`http_req_duration{quarter:${quarter}}`]?.values;
    return values?.count ? `${Math.round(values["p(99)"])} ms` : "none";
  });
  return summaryOf(story, data, [["answers", `p99 of the fans who came in each quarter: ${slowest.join(", ")}`]]);
}
