/** Every face of every page, reached with the real program: usable by everybody, by day and by night, and pictured. */
import assert from "node:assert/strict";
import { BUSY_DOOR, NO_SERVER, choose, enter, join, people, room, shown, situation, text } from "./support/fan.js";
import { TWO, inspect, picture } from "./support/inspect.js";
import { stage, test } from "./support/stage.js";
import { until } from "./support/until.js";

const soon = (/** @type {number} */ seconds) => new Date(Date.now() + seconds * 1000).toISOString();
const DAY = 86_400;
const OFFER = { id: "standing", name: "Standing", price_cents: 4500, currency: "EUR", stock: 1, max_per_order: 1 };
const FEW = { ...OFFER, id: "few", name: "Balcony box", price_cents: 11_000, stock: 2, max_per_order: 4 };
const SLOW = { admission_rate_per_minute: 60, call_window_seconds: 12 };

const at = stage(
  () => [
    { id: "waits", ...SLOW },
    { id: "early", name: "Winter fair", opens_at: soon(DAY), on_sale_at: soon(2 * DAY) },
    { id: "in-draw", name: "Carnival ball", opens_at: soon(-60), on_sale_at: soon(DAY / 24) },
    { id: "drawn", opens_at: soon(-60), on_sale_at: soon(20), ...SLOW },
    { id: "calls" },
    { id: "misses", call_window_seconds: 5 },
    { id: "bypassed", name: "Matinée for children" },
    { id: "paused", name: "Quartet in the chapel" },
    { id: "over", name: "Summer night" },
    { id: "scarce", offers: [OFFER, FEW] },
    { id: "gone", name: "One night only", offers: [OFFER] },
    { id: "brief", session_seconds: 30 },
  ],
  ["--tick-ms", "250", "--recovery-seconds", "12"],
);

/**
 * Holds answers back, so that a state that lasts a moment can be looked at.
 *
 * @param {import("playwright-core").Page} page @param {string} pattern
 */
async function hold(page, pattern) {
  let release = () => {};
  const released = new Promise((resolve) => {
    release = () => resolve(undefined);
  });
  await page.route(pattern, async (route) => {
    await released;
    await route.continue().catch(() => {});
  });
  return async () => {
    release();
    await page.unroute(pattern);
  };
}

/** @param {import("playwright-core").Page} page @param {string} name */
async function face(page, name) {
  await inspect(page);
  await picture(page, name, TWO);
}

test("home: every phase, nothing on sale, and nobody who answers", async () => {
  await Promise.all([
    at.program.set("paused", { mode: "pause", message: "We wait for the doors to open." }),
    at.program.set("bypassed", { mode: "bypass" }),
    at.program.set("over", { mode: "closed" }),
    buy("gone"),
  ]);
  await at.program.stockBecomes("gone", "standing", 0);
  const page = await (await at.visitor({ expects: [/ERR_FAILED/] })).open("/");
  await page.locator('[data-testid="event-over"][data-phase="closed"]').waitFor();
  await face(page, "home-phases");

  await page.route("**/v1/events", (route) => route.fulfill({ json: { events: [] } }));
  await page.reload();
  await until("it says that there is nothing", async () => /Nothing is on sale/.test(await text(page, "home-note")));
  await face(page, "home-none");

  await page.route("**/v1/events", (route) => route.abort());
  await page.reload();
  await until("it says that nobody answers", async () => /could not be fetched/.test(await text(page, "home-note")));
  await face(page, "home-failed");
});

test("before the sale: no board yet, not open yet, outside, in the draw, while it is made, and after", async () => {
  const visitor = await at.visitor();
  const page = await visitor.context.newPage();
  const answer = await hold(page, "**/board");
  await page.goto(room("early"));
  await situation(page, "loading");
  await face(page, "waiting-loading");
  await answer();
  await situation(page, "not-open");
  await face(page, "waiting-not-open");

  await page.goto(room("in-draw"));
  await situation(page, "outside");
  await face(page, "waiting-outside-draw");
  await page.getByTestId("join").click();
  await situation(page, "prequeue");
  await face(page, "waiting-prequeue");

  // A browser without WebCrypto has to be told its place, and the answer is held back here.
  const other = await (await at.visitor({ expects: [BUSY_DOOR] })).context.newPage();
  await other.addInitScript(() => Object.defineProperty(crypto, "subtle", { value: undefined }));
  const told = await hold(other, "**/queue/me");
  await at.crowd("drawn", 40);
  await other.goto(room("drawn"));
  await other.getByTestId("join").click();
  await situation(other, "drawing", 40_000);
  await face(other, "waiting-drawing");
  await told();
  await situation(other, ["waiting", "next", "called"]);
});

test("while the sale goes on: outside, waiting, paused, bypass, closed, left", async () => {
  await at.crowd("waits", 120);
  const visitor = await at.visitor({ expects: [BUSY_DOOR, /status of 404 .*unknown/] });
  const page = await visitor.open(room("waits"));
  await situation(page, "outside");
  await face(page, "waiting-outside");
  await page.getByTestId("join").click();
  await situation(page, "waiting");
  await people(page);
  await face(page, "waiting-waiting");
  await page.getByTestId("leave").click();
  await face(page, "waiting-leave");
  await page.getByTestId("leave-no").click();

  const message = "The payment provider is catching up. We go on at a quarter past nine, and nobody loses a place by it.";
  await at.program.set("waits", { mode: "pause", message });
  await situation(page, "paused");
  await face(page, "waiting-paused");
  await at.program.set("waits", { mode: "bypass", message: "" });
  await situation(page, "bypass");
  await face(page, "waiting-bypass");
  await at.program.set("waits", { mode: "closed" });
  await situation(page, "closed");
  await face(page, "waiting-closed");
  await at.program.set("waits", { mode: "admit" });

  await page.goto(room("paused"));
  await situation(page, "outside");
  await face(page, "waiting-outside-paused");
  await page.getByTestId("join").click();
  await situation(page, "paused");
  await page.getByTestId("leave").click();
  await page.getByTestId("leave-yes").click();
  await situation(page, "left");
  await face(page, "waiting-left");

  await page.goto(room("bypassed"));
  await situation(page, "outside");
  await face(page, "waiting-outside-bypass");
  await page.goto(room("unknown"));
  await situation(page, "unknown");
  await face(page, "waiting-unknown");
});

test("the turn: next, called, at the door, in, missed once, missed for good", async () => {
  const visitor = await at.visitor({ expects: [BUSY_DOOR] });
  const late = await join(visitor, "misses");
  await at.program.set("calls", { mode: "pause" });
  const page = await visitor.open(room("calls"));
  await page.getByTestId("join").click();
  await situation(page, "paused");
  const told = await hold(page, "**/queue/me");
  await at.program.set("calls", { mode: "admit" });
  await situation(page, "next");
  await face(page, "waiting-next");
  await told();
  await situation(page, "called");
  await face(page, "waiting-called");

  const opened = await hold(page, "**/admission");
  await page.getByTestId("enter").click();
  await shown(page, "trying");
  await face(page, "waiting-knocking");
  await opened();
  await page.waitForURL(/\/checkout\.html/);
  await page.goto(room("calls"));
  await situation(page, "admitted");
  await face(page, "waiting-admitted");

  await situation(late, "missed", 30_000);
  await face(late, "waiting-missed");
  await late.getByTestId("rejoin").click();
  await situation(late, "called");
  await situation(late, "missed", 30_000);
  assert.equal(await text(late, "rejoin"), "Take a new place");
  await face(late, "waiting-missed-for-good");
});

test("checkout: empty, with complaints, filled in, sending, nobody answers, partly sold out, over, nowhere", async () => {
  const visitor = await at.visitor({ expects: [/ERR_FAILED/, /status of 401/] });
  const brief = await join(visitor, "brief");
  await enter(brief);
  await until("its end is announced", async () => /Your session ends in [123]\d seconds\./.test(await brief.getByTestId("alert").innerText()));
  await face(brief, "checkout-soon");
  await brief.getByTestId("leave-session").click();
  await face(brief, "checkout-leave");

  const page = await join(visitor, "scarce");
  await enter(page);
  await face(page, "checkout-empty");
  await page.getByTestId("submit").click();
  await shown(page, "lines-error");
  await face(page, "checkout-complaints");

  await choose(page, "few", 1);
  await buy("scarce");
  await page.getByTestId("offer-standing").locator("xpath=self::*[contains(@class,'gone')]").waitFor();
  await face(page, "checkout-partly-sold-out");

  await page.route("**/v1/orders", (route) => route.abort());
  await page.getByTestId("submit").click();
  await until("it says that it tries again", async () => /No answer yet/.test(await text(page, "sending")));
  await face(page, "checkout-sending");
  await page.unroute("**/v1/orders");
  await page.locator('[data-testid="receipt"][data-state="confirmed"]').waitFor();

  await brief.getByTestId("nowhere").waitFor({ timeout: 40_000 });
  assert.equal(await brief.locator("#leave-dialog").isVisible(), false);
  assert.equal(await brief.evaluate(() => document.activeElement?.id), "nowhere-title");
  await face(brief, "checkout-over");
  await brief.goto(room("brief"));
  await situation(brief, "missed");
  await face(brief, "waiting-ended");
  await brief.goto("/checkout.html?event=calls");
  await shown(brief, "nowhere");
  await face(brief, "checkout-nowhere");
});

test("the order: pending, with nobody who answers, refused, none here", async () => {
  const visitor = await at.visitor({ expects: [/ERR_FAILED/] });
  const page = await join(visitor, "calls");
  await enter(page);
  await choose(page, "seated", 2);
  const answer = await hold(page, "**/v1/orders/*");
  await page.getByTestId("submit").click();
  await page.locator('[data-testid="receipt"][data-state="pending"]').waitFor();
  await face(page, "order-pending");
  await page.route("**/v1/orders/*", (route) => route.abort());
  await page.reload();
  await shown(page, "notice-offline");
  await face(page, "order-offline");
  await page.unroute("**/v1/orders/*");
  await answer();
  await page.locator('[data-testid="receipt"][data-state="confirmed"]').waitFor();
  await face(page, "order-confirmed");
  await page.goto("/order.html?event=early");
  await shown(page, "nowhere");
  await face(page, "order-nowhere");
});

test("what can be wrong while waiting: sold out, refused, no connection, put back in order", async () => {
  const visitor = await at.visitor({ expects: [BUSY_DOOR, NO_SERVER, /ERR_INTERNET_DISCONNECTED/] });
  const page = await visitor.open(room("gone"));
  await shown(page, "notice-sold-out");
  await face(page, "waiting-sold-out");

  await page.goto(room("misses"));
  await at.program.set("misses", { mode: "pause" });
  await page.getByTestId("join").click();
  await situation(page, "paused");
  await visitor.context.setOffline(true);
  await page.getByTestId("leave").click();
  await page.getByTestId("leave-yes").click();
  await shown(page, "notice-refused");
  await shown(page, "notice-offline");
  await face(page, "waiting-offline");
  await visitor.context.setOffline(false);
  await page.getByTestId("notice-offline").waitFor({ state: "hidden" });

  await at.program.kill();
  await at.program.restart();
  await situation(page, "recovering");
  await face(page, "waiting-recovering");
});

test("a page that is not there", async () => {
  const page = await (await at.visitor({ expects: [/status of 404/] })).open("/nothing-here");
  await face(page, "not-there");
});

/** Somebody else buys the one that there is of `standing`. @param {string} event */
async function buy(event) {
  const other = await at.crowd(event, 1);
  const bought = await at.program.call("POST", "v1/orders", {
    token: String(await other.enter(other.seats[0])),
    headers: { "Idempotency-Key": "other" },
    body: { lines: [{ offer: "standing", quantity: 1 }], name: "Other", email: "other@example.org" },
  });
  assert.equal(bought.status, 202);
}
