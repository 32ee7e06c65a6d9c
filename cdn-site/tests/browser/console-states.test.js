/** What an operator sees on a bad night, and seldom: usable by everybody, by day and by night, and pictured. */
import assert from "node:assert/strict";
import { choose, enter, join, text } from "./support/fan.js";
import { TWO, face } from "./support/inspect.js";
import { SIGNED_OUT, alterFigures, live, signIn } from "./support/operator.js";
import { inspectCopy, plain } from "./support/plain.js";
import { stage, test } from "./support/stage.js";
import { until } from "./support/until.js";

const MINUTE = 60_000;
const inDays = (/** @type {number} */ days) => new Date(Date.now() + days * 86_400_000).toISOString();
const ONE = [{ id: "standing", name: "Standing", price_cents: 4500, currency: "EUR", stock: 1, max_per_order: 1 }];

const at = stage(
  () => [{ id: "aurora" }, { id: "early", name: "Winter fair", opens_at: inDays(-1), on_sale_at: inDays(1) }, { id: "gone", offers: ONE }],
  ["--tick-ms", "500"],
);

const operator = async (/** @type {{expects?: RegExp[], event?: string}} */ { expects = [], ...options } = {}) =>
  signIn(await at.visitor({ expects: [SIGNED_OUT, ...expects] }), at.program.operator, options);

test("another region is active, or takes a part of the fans", async () => {
  const visitor = await at.visitor({ expects: [SIGNED_OUT] });
  const alter = await alterFigures(visitor);
  const page = await signIn(visitor, at.program.operator);
  await alter(page, { region_percent: 0 });
  await page.getByTestId("region-notice").waitFor();
  assert.equal(await text(page, "region-notice"), "Another region is active: nobody is admitted in this one.");
  await face(page, "console-region-stands-by");
  await alter(page, { region_percent: 25 });
  await until("a part is told", async () => /admits 25 % of the rate/.test(await text(page, "region-notice")));
  await face(page, "console-region-takes-over");
  await alter(page, { region_percent: 100 });
  await page.getByTestId("region-notice").waitFor({ state: "hidden" });
});

test("a queue store that is away, and a shop that is silent, are called broken, and what is not known is not shown as zero", async () => {
  const visitor = await at.visitor({ expects: [SIGNED_OUT] });
  const alter = await alterFigures(visitor);
  const page = await signIn(visitor, at.program.operator);
  const { at: last, health, offers } = await at.program.figures("aurora");
  const broken = Object.entries({
    "queue-store": "does not answer (connection refused): nobody is called or admitted, places are kept",
    "order-queue": "the shop does not tell its orders and stock: orders may be late",
  });
  await alter(page, {
    at: last,
    health: health.map((/** @type {{part: string}} */ one) => {
      const [, detail] = broken.find(([part]) => part === one.part) ?? [];
      return detail ? { ...one, ok: false, detail } : one;
    }),
    orders: null,
    offers: offers.map((/** @type {object} */ offer) => ({ ...offer, stock_left: null })),
  });
  await page.getByTestId("broken").waitFor();
  for (const [, detail] of broken) assert.ok((await text(page, "broken")).includes(detail), detail);
  await page.getByTestId("stale").waitFor();
  assert.match(await text(page, "health"), /not in order/);
  assert.equal(await text(page, "figure-stock"), "–");
  await face(page, "console-broken");
});

test("a settings file that nobody can read is called broken until it is mended", async () => {
  const page = await operator();
  let whole = "";
  await at.program.editSettings((file) => {
    whole = file;
    return `${file}\n[aurora\n`;
  });
  await page.getByTestId("broken").waitFor();
  assert.match(await text(page, "broken"), /^Settings: cannot be read .*the last good ones stay in force/);
  await until("it is in the audit log", async () => /The settings file refused, /.test(await text(page, "audit")));
  await face(page, "console-settings-broken");
  await at.program.editSettings(() => whole);
  await page.getByTestId("broken").waitFor({ state: "hidden" });
});

test("who is about to be signed out is reminded, by the server's clock and not by the browser's", async () => {
  const visitor = await at.visitor({ expects: [SIGNED_OUT] });
  await visitor.context.addInitScript(() => {
    const { now } = Date;
    Date.now = () => now() - 20 * 3_600_000;
  });
  let left = 30 * MINUTE;
  await visitor.context.route("**/v1/operator/session", async (route) => {
    const response = await route.fetch();
    const said = response.ok() && response.status() !== 204 ? await response.json() : null;
    if (said === null) await route.fulfill({ response });
    else await route.fulfill({ response, json: { ...said, expires_at: new Date(Date.now() + left).toISOString() } });
  });
  const page = await signIn(visitor, at.program.operator);
  await until("figures came", async () => /^\d/.test(await text(page, "settings-age")));
  assert.equal(await page.getByTestId("session-notice").isVisible(), false, "half an hour is not soon");
  left = 10 * MINUTE;
  await page.reload();
  await page.getByTestId("session-notice").waitFor();
  await face(page, "console-session-soon");
  await page.getByRole("button", { name: "Sign in again now" }).click();
  await page.getByTestId("credential").waitFor();
});

test("nothing is on sale, nobody answers yet, and nobody knows who is signed in", async () => {
  const page = await operator({ expects: [/ERR_FAILED/] });
  await page.route("**/v1/events", (route) => route.fulfill({ json: { events: [] } }));
  await page.reload();
  await until("it says so", async () => (await text(page, "no-event")) === "The service knows no event.");
  await face(page, "console-no-event");
  await page.route("**/v1/events", (route) => route.abort());
  await page.reload();
  await page.locator('[data-testid="connection"][data-state="lost"]').waitFor();
  assert.match(await text(page, "no-event"), /goes on trying/);
  assert.equal(await page.getByTestId("pause").isVisible(), false, "there is nothing to turn yet");
  await face(page, "console-no-answer");
  await page.route("**/v1/operator/session", (route) => route.abort());
  await page.reload();
  await until("it tries again", async () => /Trying again/.test(await text(page, "sign-in-error")));
  await face(page, "console-sign-in-no-answer");
});

test("what could not be set stands at its control, wherever it was tried", async () => {
  const page = await operator({ expects: [/ERR_FAILED/] });
  await page.route("**/settings", (route) => (route.request().method() === "PATCH" ? route.abort() : route.continue()));
  await page.getByTestId("rate").fill("700");
  await page.getByTestId("max-sessions").fill("10");
  await page.getByTestId("message").fill("We go on soon.");
  await page.getByTestId("mode-pause").check();
  await page.getByTestId("pause-reason").fill("A moment, please.");
  for (const name of ["rate", "sessions", "message", "mode"]) await page.getByTestId(`${name}-apply`).click();
  await page.getByTestId("pause").click();
  for (const name of ["rate", "sessions", "message", "mode", "pause"]) await page.getByTestId(`${name}-error`).waitFor();
  assert.match(await text(page, "pause-error"), /No answer from the service; it may or may not be in force\./);
  await face(page, "console-errors");
});

test("a list that nobody can read says so, and the rest goes on", async () => {
  const page = await operator({ expects: [/ERR_FAILED/] });
  for (const list of ["**/audit?*", "**/dead-letters"]) await page.route(list, (route) => route.abort());
  await page.reload();
  await live(page);
  for (const note of ["audit-note", "dead-note"]) await until(`${note} says so`, async () => /No answer/.test(await text(page, note)));
  await face(page, "console-unread");
});

test("what is done is said, and the audit log goes back as far as one wishes", async () => {
  for (let rate = 601; rate <= 615; rate += 1) await at.program.set("aurora", { admission_rate_per_minute: rate });
  const page = await operator();
  await page.getByTestId("audit-older").waitFor();
  await page.getByTestId("audit-older").click();
  await until("older ones are there", async () => (await page.getByTestId("audit").locator("tbody tr").count()) > 12);
  await page.getByTestId("max-sessions").fill("1900");
  await page.getByTestId("sessions-apply").click();
  await until("it is said", async () => /At most 1,900 sessions/.test(await text(page, "say")));
  // The spinner of a field with the focus is painted late, and with it all that comes after it.
  await page.getByTestId("max-sessions").blur();
  await face(page, "console-done");
});

test("before the sale, and when everything is sold", async () => {
  const page = await operator({ event: "early" });
  await until("it is before the sale", async () => (await text(page, "phase")) === "Before the sale");
  await face(page, "console-before-the-sale");

  const fan = await join(await at.visitor(), "gone");
  await enter(fan);
  await choose(fan, "standing", 1);
  await fan.getByTestId("submit").click();
  await page.getByTestId("event-picker").selectOption("gone");
  await until("it is sold out", async () => /sold out/i.test(await text(page, "stock")));
  await live(page);
  await face(page, "console-sold-out");
});

test("without JavaScript the console says how else to operate", async () => {
  const page = await (await at.visitor(plain)).open("/console.html");
  assert.match(await page.getByRole("main").innerText(), /waiting-room ctl/);
  await inspectCopy(at, page, "console-noscript", TWO);
});
