/** Every face of the first page and of the waiting page, with the real program: usable by everybody, by day and by night, and pictured. */
import assert from "node:assert/strict";
import { BUSY_DOOR, NO_SERVER, hold, join, people, room, shown, situation, text } from "./support/fan.js";
import { face } from "./support/inspect.js";
import { stage, test } from "./support/stage.js";
import { until } from "./support/until.js";

const soon = (/** @type {number} */ seconds) => new Date(Date.now() + seconds * 1000).toISOString();
const DAY = 86_400;
const OFFER = { id: "standing", name: "Standing", price_cents: 4500, currency: "EUR", stock: 1, max_per_order: 1 };
const LAST = [{ offer: "standing", quantity: 1 }];
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
    { id: "gone", name: "One night only", offers: [OFFER] },
    { id: "slows", admission_rate_per_minute: 1 },
  ],
  ["--tick-ms", "250", "--recovery-seconds", "12"],
);

test("home: at first, every phase, nothing on sale, and nobody who answers", async () => {
  await Promise.all([
    at.program.set("paused", { mode: "pause", message: "We wait for the doors to open." }),
    at.program.set("bypassed", { mode: "bypass" }),
    at.program.set("over", { mode: "closed" }),
    at.buy("gone", LAST),
  ]);
  await at.program.stockBecomes("gone", "standing", 0);
  const page = await (await at.visitor({ expects: [/ERR_FAILED/] })).context.newPage();
  const answer = await hold(page, "**/v1/events");
  await page.goto("/");
  await until("it says that it fetches", async () => /Fetching/.test(await text(page, "home-note")));
  await face(page, "home-loading");
  await answer();
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
  await at.crowd("waits", 400);
  const visitor = await at.visitor({ expects: [BUSY_DOOR, /ERR_FAILED/, /status of 404 .*unknown/] });
  const page = await visitor.open(room("waits"));
  await situation(page, "outside");
  await face(page, "waiting-outside");
  await page.route("**/queue", (route) => route.abort());
  await page.getByTestId("join").click();
  await until("it says that it tries again", async () => /No answer yet/.test(await text(page, "trying")));
  await face(page, "waiting-joining");
  await page.unroute("**/queue");
  await situation(page, "waiting");
  await people(page);
  await face(page, "waiting-waiting");
  await page.getByTestId("bell").check();
  await page.getByText("This browser blocks notifications").waitFor();
  await page.getByTestId("place-panel").locator("summary").click();
  await face(page, "waiting-bell-and-place");
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
  await page.goto("/waiting-room.html");
  await until("it says that no event is named", async () => (await text(page, "state")) === "There is no such event");
  await face(page, "waiting-no-event");
});

test("it moves more slowly than it did", async () => {
  await at.crowd("slows", 50);
  const page = await (await at.visitor()).context.newPage();
  let pace = 20;
  await page.route("**/board", async (route) => {
    const response = await route.fetch();
    const observed = { observed_per_minute: pace, observed_low_per_minute: pace * 0.9, observed_high_per_minute: pace * 1.1 };
    await route.fulfill({ response, json: { ...(await response.json()), ...observed } });
  });
  await page.goto(room("slows"));
  await page.getByTestId("join").click();
  await situation(page, "waiting");
  const look = () => page.evaluate(() => dispatchEvent(new Event("online")));
  await until("there is an estimate", async () => {
    await look();
    return /minute/.test(await text(page, "eta"));
  });
  pace = 2;
  await until("it says so", async () => {
    await look();
    return page.getByTestId("notice-held").isVisible();
  });
  await face(page, "waiting-held");
});

test("the turn: next, called, paused, busy, at the door, in, missed once, missed for good", async () => {
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
  await at.program.set("calls", { mode: "pause" });
  await until("it says that the door is paused", async () => /paused the door/.test(await text(page, "lead")));
  await face(page, "waiting-called-paused");
  await page.getByTestId("enter").click();
  await shown(page, "cancel");
  await face(page, "waiting-busy");
  await page.getByTestId("cancel").click();
  await at.program.set("calls", { mode: "admit" });
  await until("it goes on", async () => !/paused the door/.test(await text(page, "lead")));

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
