// The operator turns the rate up and down, pauses and resumes while fans wait, and mistypes now and then.
//
//   k6 run -e OPERATOR=... -e FANS=1500 -e PLAN=0:600,30:1200,60:pause,70:300 k6/rate-change.js
//
// Proves that a change is in force within seconds, that the rate in force is never exceeded, nor left unused once
// MET_WITHIN has passed, that a pause lets nobody in and costs nobody the place, and that what can't be a setting never
// becomes one. README.md tells the settings.

import exec from "k6/execution";
import { sleep } from "k6";
import { Counter } from "k6/metrics";
import { buyOne } from "./lib/checkout.js";
import { settingsOf } from "./lib/common.js";
import { Fan, isOneOf, mustBeRefused } from "./lib/fan.js";
import { Operator } from "./lib/operator.js";
import { plan, seconds, whole } from "./lib/settings.js";
import { Story } from "./lib/story.js";
import { summaryOf } from "./lib/summary.js";
import { watch } from "./lib/watch.js";
import { discover, takeStock } from "./lib/world.js";

const settings = settingsOf({
  FANS: whole(1500),
  PLAN: plan([
    { second: 0, perMinute: 600 },
    { second: 30, perMinute: 1200 },
    { second: 60, perMinute: 0 },
    { second: 70, perMinute: 300 },
    { second: 100, perMinute: 900 },
  ]),
  MET_WITHIN: seconds(10),
  IN_FORCE: seconds(5),
});
if (settings.OPERATOR === null) throw new Error("OPERATOR, the operator's credential, is needed");
// A change has to be met within MET_WITHIN: until then the door may still be finding its pace.
const story = new Story("rate-change", { ...settings, WARM_UP: settings.MET_WITHIN });
const adopted = new Counter("bad_settings_adopted");

const MISTYPED = [
  { admission_rate_per_minute: 0 },
  { admission_rate_per_minute: -600 },
  { admission_rate_per_minute: 1_000_001 },
  { admission_rate_per_minute: 12.5 },
  { admission_rate_per_minute: "600" },
  { max_active_sessions: 0 },
  { mode: "admitt" },
  { admission_rate_per_minute: 700, mode: "on" },
  { admission_rate: 700 },
  { message: "x".repeat(501) },
];

export const options = story.options(
  { fans: story.crowd("queueing"), operator: story.single("operating") },
  {
    fans_admitted: ["count>0"],
    change_until_in_force: [`max<${settings.IN_FORCE * 1000}`],
    bad_settings_adopted: ["count==0"],
  },
);

export function setup() {
  const world = discover(settings);
  return { ...world, before: new Operator(settings, world).settings() };
}

export function watching(world) {
  watch(story.settings, world, story.book, { least: settings.PLAN[settings.PLAN.length - 1].second });
}

export function operating(world) {
  const operator = new Operator(settings, world);
  const began = Date.now();
  for (const { second, perMinute } of settings.PLAN) {
    sleep(Math.max(0, second - (Date.now() - began) / 1000));
    operator.turnTo(perMinute, 2 * settings.IN_FORCE);
    mistype(operator);
  }
}

/** Asks for settings that are none. */
function mistype(operator) {
  const told = ({ admission_rate_per_minute, max_active_sessions, mode, message }) =>
    JSON.stringify({ admission_rate_per_minute, max_active_sessions, mode, message });
  const before = told(operator.settings());
  for (const change of MISTYPED) {
    const answer = operator.change(change, [200, 400, 422]);
    mustBeRefused(answer, `the settings ${JSON.stringify(change)}`, [400, 422]);
  }
  const after = told(operator.settings());
  if (after === before) return;
  adopted.add(1);
  console.error(`bad settings made ${after} of ${before}`);
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
  const { admission_rate_per_minute, mode } = world.before;
  new Operator(settings, world).change({ admission_rate_per_minute, mode });
  takeStock(settings, world);
}

export function handleSummary(data) {
  const changed = data.metrics.change_until_in_force?.values;
  const stages = settings.PLAN.map(({ second, perMinute }) => `${perMinute || "pause"} from second ${second}`);
  return summaryOf(story, data, [
    ["plan", stages.join(", ")],
    ["changes", `in force within ${Math.round(changed?.max ?? 0)} ms at most`],
  ]);
}
