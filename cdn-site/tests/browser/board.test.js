import assert from "node:assert/strict";
import { BUSY_DOOR, enter, join, people, recordAhead, seat, shown, situation, text } from "./support/fan.js";
import { face, inspect } from "./support/inspect.js";
import { stage, test } from "./support/stage.js";
import { until } from "./support/until.js";

const at = stage(
  () => [
    { id: "bare", admission_rate_per_minute: 60 },
    { id: "hidden", admission_rate_per_minute: 60 },
    { id: "paused", admission_rate_per_minute: 60, call_window_seconds: 9 },
    { id: "slowed", admission_rate_per_minute: 600, call_window_seconds: 9 },
    { id: "bypassed", admission_rate_per_minute: 60, call_window_seconds: 9 },
  ],
  ["--tick-ms", "250"],
);

/** @param {import("playwright-core").Request} request */
const isBoard = (request) => request.url().endsWith("/board");

test("the board is asked for bare, so that one cached copy serves everybody", async () => {
  await at.crowd("bare", 60);
  const visitor = await at.visitor();
  await visitor.context.addCookies([{ name: "session", value: "private", url: at.program.home }]);
  /** @type {import("playwright-core").Request[]} */
  const requests = [];
  visitor.context.on("request", (request) => requests.push(request));
  const page = await join(visitor, "bare");
  await situation(page, "waiting");
  await until("the board is asked for while waiting", () => requests.filter(isBoard).length >= 3);

  const headersOf = (/** @type {import("playwright-core").Request[]} */ some) => Promise.all(some.map((one) => one.allHeaders()));
  for (const headers of await headersOf(requests.filter(isBoard))) {
    assert.equal(headers.cookie, undefined);
    assert.equal(headers.authorization, undefined);
    const own = Object.keys(headers).filter((name) => name.startsWith("x-") || name === "content-type");
    assert.deepEqual(own, [], "nothing that would make a cross-origin request ask first");
  }
  assert.ok(requests.filter(isBoard).every((request) => new URL(request.url()).search === ""), "one address for everybody");
  const [document] = await headersOf(requests.filter((request) => request.isNavigationRequest()));
  assert.equal(document.cookie, "session=private", "the browser had a cookie to send");
});

test("a tab that nobody looks at asks rarely, and catches up as soon as it is looked at", async () => {
  await at.program.set("hidden", { mode: "pause" });
  const visitor = await at.visitor();
  const page = await visitor.context.newPage();
  await page.clock.install();
  await page.addInitScript(() => {
    let hidden = false;
    Object.defineProperty(document, "hidden", { get: () => hidden });
    Object.defineProperty(document, "visibilityState", { get: () => (hidden ? "hidden" : "visible") });
    globalThis.hide = (/** @type {boolean} */ on) => {
      hidden = on;
      document.dispatchEvent(new Event("visibilitychange"));
    };
  });
  let asked = 0;
  let answered = 0;
  page.on("request", (request) => void (asked += isBoard(request) ? 1 : 0));
  page.on("requestfinished", (request) => void (answered += isBoard(request) ? 1 : 0));
  await page.goto("/waiting-room.html?event=hidden");
  await page.getByTestId("join").click();
  await situation(page, "paused");

  /** @param {number} seconds of the page's own time, which passes as fast as the server answers */
  const asksIn = async (seconds) => {
    const before = asked;
    for (let second = 0; second < seconds; second += 1) {
      await page.clock.runFor(1000);
      await until("the board is answered", () => answered === asked);
    }
    return asked - before;
  };
  await page.clock.pauseAt(Date.now() + 5000);
  await until("the board is answered", () => answered === asked);

  const visible = await asksIn(120);
  // 5 s without an estimate, a quarter more or less; what remains of the first interval counts once more.
  assert.ok(visible >= 19 && visible <= 33, `a visible page asks every 5 s or so: ${visible} times in 120 s`);

  await page.evaluate(() => globalThis.hide(true));
  await asksIn(10);
  const hidden = await asksIn(120);
  assert.ok(hidden >= 2 && hidden <= 4, `a hidden page asks every 40 s or so: ${hidden} times in 120 s`);

  const before = asked;
  await at.program.set("hidden", { mode: "admit" });
  await page.evaluate(() => globalThis.hide(false));
  await until("it asks again without any time passing", () => asked === before + 1);
  await situation(page, "called");
});

test("a pause is shown with the operator's reason, keeps the place, and ends by itself", async () => {
  await at.crowd("paused", 60);
  const page = await join(await at.visitor({ expects: [BUSY_DOOR] }), "paused");
  await situation(page, "waiting");
  const mine = await seat(page);

  const message = "The payment provider is catching up. We go on at a quarter past.";
  await at.program.set("paused", { mode: "pause", message });
  await situation(page, "paused");
  assert.equal(await page.locator("#message").innerText(), message);
  assert.equal(await text(page, "state"), "Paused for a moment");
  assert.equal(await text(page, "eta"), "known when it goes on");
  const ahead = await people(page);
  assert.deepEqual(await seat(page), mine);
  await inspect(page);

  await at.program.set("paused", { mode: "admit", message: "" });
  await situation(page, ["waiting", "next"]);
  await page.getByTestId("message").waitFor({ state: "hidden" });
  assert.ok((await people(page)) <= ahead);
  await at.program.set("paused", { admission_rate_per_minute: 3000 });
  await enter(page);
});

test("an estimate climbs only when the operator slows down, and then the page says so", async () => {
  await at.crowd("slowed", 600, 360);
  const page = await join(await at.visitor({ expects: [BUSY_DOOR] }), "slowed");
  await situation(page, "waiting");
  const estimate = () =>
    page.evaluate(() => JSON.parse(localStorage.getItem("wr.seat.slowed") ?? "{}").shown?.mid ?? null);
  await until("there is an estimate", async () => (await estimate()) !== null);
  const aheadSeen = await recordAhead(page);
  assert.equal(await page.getByTestId("notice-climbs").isVisible(), false);
  const before = await estimate();

  await at.program.set("slowed", { admission_rate_per_minute: 60 });
  await shown(page, "notice-climbs");
  assert.match(await text(page, "notice-climbs"), /lets people in more slowly since \d\d:\d\d/);
  await until("the estimate climbs", async () => (await estimate()) > before * 1.5);
  assert.equal(await page.getByTestId("notice-climbs").isVisible(), true);
  const seen = await aheadSeen();
  assert.deepEqual(seen, [...seen].sort((a, b) => b - a), "the people ahead never climb");
  await face(page, "waiting-slowed");
});

test("a queue that the operator switches off lets who waits straight in", async () => {
  await at.crowd("bypassed", 60);
  const page = await join(await at.visitor(), "bypassed");
  await situation(page, "waiting");
  await at.program.set("bypassed", { mode: "bypass" });
  await situation(page, "bypass");
  await inspect(page);
  await page.getByTestId("enter").click();
  await page.waitForURL(/\/checkout\.html/);
  await shown(page, "order-form");
});
