/** The moment of being called can't be missed: by who looks elsewhere, who does not see, and whose tab was asleep. */
import assert from "node:assert/strict";
import { BUSY_DOOR, NO_SERVER, enter, join, people, recordSpoken, room, seat, shown, situation, text } from "./support/fan.js";
import { stage, test } from "./support/stage.js";
import { until } from "./support/until.js";

const SLOW = { admission_rate_per_minute: 60, call_window_seconds: 12 };

const at = stage(
  () => [
    { id: "noticed", name: "Aurora", call_window_seconds: 36 },
    { id: "spoken", admission_rate_per_minute: 240, call_window_seconds: 30 },
    { id: "dozed", call_window_seconds: 5 },
    { id: "slept", ...SLOW },
    { id: "tabs", ...SLOW },
  ],
  ["--tick-ms", "250", "--recovery-seconds", "6"],
);

test("in a tab that nobody looks at the title changes to and fro, the icon turns, and what was asked for rings", async () => {
  const visitor = await at.visitor();
  await visitor.context.addInitScript(() => {
    let hidden = false;
    Object.defineProperty(document, "hidden", { get: () => hidden });
    globalThis.hide = (/** @type {boolean} */ on) => {
      hidden = on;
      document.dispatchEvent(new Event("visibilitychange"));
    };
    globalThis.notified = [];
    globalThis.Notification = class {
      static permission = "granted";
      static requestPermission = async () => "granted";
      /** @param {string} title */
      constructor(title) {
        globalThis.notified.push(title);
      }
    };
    globalThis.tones = 0;
    const { start } = OscillatorNode.prototype;
    OscillatorNode.prototype.start = function (when) {
      globalThis.tones += 1;
      return start.call(this, when);
    };
  });
  await at.program.set("noticed", { mode: "pause" });
  const page = await join(visitor, "noticed");
  await situation(page, "paused");
  await page.getByTestId("bell").check();
  await page.getByTestId("leave").click();
  await page.evaluate(() => globalThis.hide(true));
  await at.program.set("noticed", { mode: "admit" });
  await until("the call is learned of", async () => {
    // A hidden page asks rarely; a network that is back makes it ask at once.
    await page.evaluate(() => dispatchEvent(new Event("online")));
    return (await page.getByTestId("sign").getAttribute("data-situation")) === "called";
  });

  const titles = new Set();
  await until("both titles were there", async () => titles.add(await page.title()).size >= 2 && [...titles].some((title) => /^\d+:\d\d · Aurora$/.test(title)));
  assert.ok(titles.has("Your turn! · Aurora"), [...titles].join(", "));
  assert.match((await page.locator("#favicon").getAttribute("href")) ?? "", /turn/);
  assert.deepEqual(await page.evaluate(() => globalThis.notified), ["It is your turn"]);
  assert.equal(await page.evaluate(() => globalThis.tones), 3);
  assert.equal(await page.getByTestId("leave-dialog").isVisible(), false, "no question stands in the way");

  await until("it is said again as the time runs out", async () => (await page.evaluate(() => globalThis.notified.length)) === 2, 40_000);
  assert.match(await page.getByTestId("alert").innerText(), /still your turn, for \d+ seconds/);

  await page.evaluate(() => globalThis.hide(false));
  await until("the title stays", async () => (await page.title()) === "Your turn! · Aurora");
  await page.reload();
  assert.equal(await page.getByTestId("bell").isChecked(), true, "a reload does not silence it");
});

test("a wait is spoken of now and then, and not with every number", async () => {
  await at.crowd("spoken", 80, 48);
  const visitor = await at.visitor({ expects: [BUSY_DOOR] });
  const page = await visitor.context.newPage();
  const spoken = await recordSpoken(page);
  await page.goto(room("spoken"));
  await page.getByTestId("join").click();
  await situation(page, "waiting");
  const first = await people(page);
  await situation(page, "called", 60_000);
  const said = await spoken();
  assert.ok(first > 10, `${first} were ahead`);
  assert.ok(said.length >= 2 && said.length <= 8, JSON.stringify(said));
  assert.match(said.at(-1) ?? "", /^It is your turn\. You have \d+ seconds to enter the shop\.$/);
  assert.deepEqual(said, [...new Set(said)], "nothing twice");
});

test("a tab that slept through its call says so on waking, and leads back", async () => {
  const visitor = await at.visitor({ expects: [BUSY_DOOR] });
  await at.program.set("dozed", { mode: "pause" });
  const page = await join(visitor, "dozed");
  await situation(page, "paused");
  const wake = await sleep(page);
  await at.program.set("dozed", { mode: "admit" });
  await until("the call was missed", async () => (await at.program.figures("dozed")).missed_total === 1, 30_000);
  assert.equal(await wake(), 0, "it has slept");
  await situation(page, "missed");
  await page.getByTestId("rejoin").click();
  await enter(page);
});

test("a tab that slept while the server was replaced keeps its place, and its position has not gone up", async () => {
  const crowd = await at.crowd("slept", 60);
  const visitor = await at.visitor({ expects: [BUSY_DOOR, NO_SERVER] });
  const page = await join(visitor, "slept");
  await situation(page, "waiting");
  const mine = await seat(page);
  const ahead = await people(page);
  const wake = await sleep(page);
  await at.program.kill();
  await at.program.restart();
  await crowd.rejoin();
  assert.equal(await wake(), 0, "it has slept");
  await situation(page, "recovering");
  await situation(page, "waiting", 30_000);
  assert.deepEqual(await seat(page), mine);
  assert.ok((await people(page)) <= ahead);
  await shown(page, "notice-climbs");
});

test("what one tab has shown, another does not take back", async () => {
  await at.crowd("tabs", 80, 10);
  const visitor = await at.visitor({ expects: [BUSY_DOOR] });
  const first = await join(visitor, "tabs");
  await situation(first, "waiting");
  const ahead = await people(first);
  const wake = await sleep(first);
  const second = await visitor.open(room("tabs"));
  await until("the other tab moves on", async () => (await people(second)) < ahead - 2, 30_000);
  const less = await people(second);
  await wake();
  await until("the first tab has caught up", async () => (await people(first)) <= less);
  await second.reload();
  assert.ok((await people(second)) <= less);
});

/**
 * Halts the page as a laptop's lid does: no timer runs, no answer is read. (Chromium freezes no page that it shows, and without
 * a head it shows them all.)
 *
 * @param {import("playwright-core").Page} page
 * @returns {Promise<() => Promise<number>>} wakes it, and tells how often it asked the server in its sleep
 */
async function sleep(page) {
  const devtools = await page.context().newCDPSession(page);
  const halted = new Promise((resolve) => devtools.once("Debugger.paused", resolve));
  await devtools.send("Debugger.enable");
  await devtools.send("Debugger.pause");
  await halted;
  let asked = 0;
  const count = () => void (asked += 1);
  page.on("request", count);
  return async () => {
    page.off("request", count);
    await devtools.send("Debugger.disable");
    return asked;
  };
}
