// Fans who leave, who close the tab and come back, who miss their call, and who never come.
//
//   k6 run -e FANS=1000 k6/no-show.js
//
// Proves that none of them costs the others time, that a place outlives the tab, that a missed call is made good once
// and not twice, and that who left has left. README.md tells the settings.

import exec from "k6/execution";
import { sleep } from "k6";
import { Counter } from "k6/metrics";
import { settingsOf } from "./lib/common.js";
import { Fan, slug } from "./lib/fan.js";
import { fans } from "./lib/metrics.js";
import { seconds, share } from "./lib/settings.js";
import { Story } from "./lib/story.js";
import { summaryOf } from "./lib/summary.js";
import { watch } from "./lib/watch.js";
import { discover, takeStock } from "./lib/world.js";

const given = settingsOf({
  NO_SHOW: share(0.2),
  LEAVERS: share(0.1),
  CLOSERS: share(0.2),
  RETURNERS: share(0.1),
  TWICE: share(0.03),
  CLOSED: seconds(15),
});
const KINDS = [
  ["no-show", given.NO_SHOW],
  ["leaver", given.LEAVERS],
  ["closer", given.CLOSERS],
  ["returner", given.RETURNERS],
  ["twice", given.TWICE],
];
if (KINDS.reduce((sum, [, part]) => sum + part, 0) > 1) throw new Error("the shares of fans are more than all");
const settings = { ...given, BUY: 0 };
const story = new Story("no-show", settings);
const broken = new Counter("rules_broken");

export const options = story.options(
  { fans: story.crowd("queueing") },
  {
    rules_broken: ["count==0"],
    fans_admitted: ["count>0"],
    // Which kinds there must have been is only known with some of them to expect.
    ...(settings.FANS >= 100 && given.LEAVERS >= 0.05 ? { fans_left: ["count>0"] } : {}),
    ...(settings.FANS >= 100 && given.RETURNERS >= 0.05 ? { fans_came_back: ["count>0"] } : {}),
  },
);

export function setup() {
  return discover(settings);
}

export function watching(world) {
  watch(settings, world, story.book);
}

function kindOf(number) {
  let place = ((number * 37) % 100) / 100;
  for (const [kind, part] of KINDS) {
    if (place < part) return kind;
    place -= part;
  }
  return "comes";
}

export function queueing(world) {
  const fan = new Fan(settings, world, story.book);
  fan.othersComeBack = true;
  sleep(Math.random() * settings.ARRIVE);
  if (!fan.join()) return;
  const lives = { "no-show": () => fan.stayAway(), leaver, closer, returner, twice, comes: () => fan.comeThrough() };
  lives[kindOf(exec.vu.idInTest)](fan, world);
}

/** Waits for a while, leaves, and finds that this is for good. */
function leaver(fan) {
  fan.untilNews(Date.now() + Math.random() * settings.CLOSED * 1000);
  if (!fan.leave().ok) return;
  fans.left.add(1);
  fan.account();
  fan.ask();
  rule(fan.status.state === "left", `a fan who left is ${fan.status.state}`);
  rule(fan.rejoin([409]).status === 409, "a fan who left rejoined");
  const { refused } = fan.claim();
  rule(refused === "ticket-left", `a fan who left claimed: ${refused}`);
}

/** Closes the tab; comes back with the token that was kept, or with the secret alone. */
function closer(fan) {
  sleep(settings.CLOSED * (0.5 + Math.random() / 2));
  if (Math.random() < 0.5) fan.ask();
  else fan.sit();
  fans.cameBack.add(1);
  fan.comeThrough();
}

/** Misses the call, comes back once, and is called next. */
function returner(fan, world) {
  if (misses(fan, world) && comesBack(fan)) fan.comeThrough();
}

/** Misses the call twice: that was one too many. */
function twice(fan, world) {
  if (!misses(fan, world) || !comesBack(fan) || !misses(fan, world)) return;
  rule(!fan.status.may_rejoin, "a second missed call may be made good");
  rule(fan.rejoin([409]).status === 409, "a second missed call was made good");
  fans.missedTwice.add(1);
  fan.account();
}

/** Lets a call pass: whether it is over. */
function misses(fan, world) {
  const state = fan.untilNews();
  if (state !== "called") return Boolean(fan.isLost(state));
  fan.wasCalledBefore = true;
  const overAt = Date.parse(fan.status.call_expires_at) - world.offsetMs;
  sleep(Math.max(0, overAt - Date.now()) / 1000 + 2 * settings.TICK);
  // While the door is shut, call windows stand still.
  for (fan.ask(); fan.status.state === "called"; fan.ask()) sleep(settings.TICK);
  fans.missed.add(1);
  if (fan.status.state !== "expired") return Boolean(fan.isLost(fan.status.state));
  const { admission, refused } = fan.claim();
  rule(!admission && refused === "call-missed", `a missed call still opened the door: ${refused}`);
  return true;
}

function comesBack(fan) {
  rule(fan.status.may_rejoin, "a missed call can't be made good");
  fan.wasCalledBefore = true;
  const answer = fan.rejoin();
  if (!answer.ok) return Boolean(fan.isLost(slug(answer)));
  fans.cameBack.add(1);
  return true;
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
      "returns",
      `${count("fans_came_back")} came back, ${count("fans_missed_twice")} missed twice, ${count("rules_broken")} rules broken`,
    ],
  ]);
}
