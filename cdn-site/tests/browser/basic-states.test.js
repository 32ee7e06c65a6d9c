/** Every face of the pages that the server renders, with the real program: usable by everybody, by day and by night, and pictured. */
import assert from "node:assert/strict";
import { NO_SERVER, room, text } from "./support/fan.js";
import { TWO } from "./support/inspect.js";
import { inspectCopy, plain } from "./support/plain.js";
import { stage, test } from "./support/stage.js";
import { sleep, until } from "./support/until.js";

const soon = (/** @type {number} */ seconds) => new Date(Date.now() + seconds * 1000).toISOString();
const DAY = 86_400;
const ONE = [{ id: "standing", name: "Standing", price_cents: 4500, currency: "EUR", stock: 1, max_per_order: 1 }];
const CAPACITY = 60;

const at = stage(
  () => [
    { id: "waits", admission_rate_per_minute: 60 },
    { id: "early", name: "Winter fair", opens_at: soon(DAY), on_sale_at: soon(2 * DAY) },
    { id: "in-draw", name: "Carnival ball", opens_at: soon(-60), on_sale_at: soon(DAY / 24) },
    { id: "drawn", opens_at: soon(-60), on_sale_at: soon(25), admission_rate_per_minute: 60 },
    { id: "calls" },
    { id: "misses", call_window_seconds: 5 },
    { id: "bypassed", name: "Matinée for children" },
    { id: "paused", name: "Quartet in the chapel" },
    { id: "over", name: "Summer night" },
    { id: "full" },
    { id: "gone", name: "One night only", offers: ONE },
    { id: "left" },
  ],
  ["--tick-ms", "250", "--queue-capacity", String(CAPACITY), "--recovery-seconds", "20"],
);

/** @param {import("playwright-core").Page} page @param {string} name */
const face = (page, name) => inspectCopy(at, page, `basic-${name}`, TWO);

const visit = async (/** @type {string} */ path, /** @type {RegExp[]} */ expects = []) => (await at.visitor({ ...plain, expects })).open(path);

/** Asks again until the sign says so. @param {import("playwright-core").Page} page @param {string} event @param {string[]} situations */
async function becomes(page, event, situations) {
  await until(`${event} is ${situations}`, async () => {
    await page.goto(`/basic/${event}`);
    if (situations.includes((await page.getByTestId("sign").getAttribute("data-situation")) ?? "")) return true;
    await sleep(300);
    return false;
  }, 40_000);
}

/** @param {import("playwright-core").Page} page @param {string} event */
async function join(page, event) {
  await page.goto(`/basic/${event}`);
  await page.getByTestId("join").click();
}

/** What the figures and so the pages say is a tick old. @param {string} event @param {string} phase */
async function phase(event, phase) {
  await until(`${event} is ${phase}`, async () => (await at.program.call("GET", `v1/events/${event}/board`)).data.phase === phase);
}

/** Waits there, and is not called. @param {import("playwright-core").Page} page @param {string} event */
async function joinWhilePaused(page, event) {
  await at.program.set(event, { mode: "pause" });
  await phase(event, "paused");
  await join(page, event);
}

// The first, because one of its events soon begins.
test("with a place: no queue any more, closed, left, missed for good, after the draw", async () => {
  const late = await visit("/");
  await join(late, "misses");
  const page = await visit("/basic/drawn");
  await page.getByTestId("join").click();
  assert.equal(await text(page, "state"), "You are in the draw");
  await at.crowd("drawn", 40);

  const other = await visit("/");
  await joinWhilePaused(other, "over");
  await at.program.set("over", { mode: "closed" });
  await becomes(other, "over", ["closed"]);
  await face(other, "closed-with-a-place");

  await joinWhilePaused(other, "bypassed");
  await at.program.set("bypassed", { mode: "bypass" });
  await becomes(other, "bypassed", ["bypass"]);
  await face(other, "bypass");

  await joinWhilePaused(other, "left");
  const token = (await other.context().cookies(`${at.program.home}basic/left`)).find(({ name }) => name === "wr_queue_left")?.value;
  assert.equal((await at.program.call("DELETE", "v1/events/left/queue/me", { token })).status, 204);
  await becomes(other, "left", ["left"]);
  await face(other, "left");

  await becomes(late, "misses", ["missed"]);
  await late.getByTestId("rejoin").click();
  await becomes(late, "misses", ["called"]);
  await becomes(late, "misses", ["missed"]);
  assert.equal(await text(late, "join"), "Take a new place");
  await face(late, "missed-for-good");

  await becomes(page, "drawn", ["waiting", "next", "called"]);
  await page.getByTestId("seed").waitFor();
  await face(page, "after-the-draw");
});

test("before a place is taken: not open, in the draw, on sale, paused, no queue, closed, sold out, full, unknown", async () => {
  await Promise.all([
    at.program.set("paused", { mode: "pause", message: "We wait for the doors to open." }),
    at.program.set("bypassed", { mode: "bypass" }),
    at.program.set("over", { mode: "closed" }),
    at.program.set("full", { mode: "pause" }),
    at.crowd("waits", 50),
    at.buy("gone", [{ offer: "standing", quantity: 1 }]),
  ]);
  await at.program.stockBecomes("gone", "standing", 0);
  const page = await visit("/basic/early", [/status of (404|503)/]);
  assert.equal(await text(page, "state"), "Opening soon");
  await face(page, "not-open");
  await page.goto("/basic/in-draw");
  assert.equal(await text(page, "state"), "The draw is open");
  await face(page, "outside-draw");
  await becomes(page, "waits", ["outside"]);
  await face(page, "outside");
  await page.goto("/basic/paused");
  assert.match(await text(page, "message"), /We wait for the doors to open\./);
  await face(page, "outside-paused");
  await page.goto("/basic/bypassed");
  assert.equal(await text(page, "state"), "No queue right now");
  await face(page, "outside-bypass");
  await becomes(page, "over", ["closed"]);
  await face(page, "closed");
  await page.goto("/basic/gone");
  await page.getByTestId("notice-sold-out").waitFor();
  await face(page, "outside-sold-out");
  await at.crowd("full", CAPACITY);
  await join(page, "full");
  assert.match(await page.getByRole("main").innerText(), /Very many people/i);
  await face(page, "full");
  await page.goto("/basic/unknown");
  await face(page, "unknown");
  await page.goto("/basic/");
  await face(page, "events");
});

test("at the door and in the shop: called while it is paused, busy, in, nothing left, left, over, no pass, malformed", async () => {
  const page = await visit("/", [/status of (400|401)/]);
  await join(page, "calls");
  await at.program.set("calls", { mode: "pause" });
  await phase("calls", "paused");
  await page.goto("/basic/calls");
  assert.match(await page.getByRole("main").innerText(), /paused the door\. Your turn stays open/);
  await face(page, "called-paused");
  await page.getByTestId("enter").click();
  assert.equal(await text(page, "state"), "The door is busy");
  await face(page, "busy");
  await at.program.set("calls", { mode: "admit" });
  await phase("calls", "admitting");
  await page.getByTestId("enter").click();
  await page.getByTestId("order-form").waitFor();
  await page.getByTestId("order-form").evaluate((form) => form.querySelector("[name=key]")?.remove());
  await page.getByTestId("name").fill("Ada");
  await page.getByTestId("email").fill("ada@example.org");
  await page.getByTestId("review").click();
  await page.getByTestId("title").waitFor();
  await face(page, "malformed");
  await page.goto("/basic/calls");
  assert.equal(await text(page, "state"), "You are in");
  await face(page, "admitted");
  await page.goto("/basic/calls/checkout");
  await page.getByTestId("leave-session").click();
  await face(page, "leave-shop");
  await page.getByTestId("leave-session-yes").click();
  assert.equal(await text(page, "title"), "You left the shop");
  await face(page, "left-shop");
  await page.goto("/basic/calls/checkout");
  await face(page, "shop-over");
  await page.goto("/basic/waits/checkout");
  await face(page, "no-pass");
});

test("while the queue is put back in order, with a place and without", async () => {
  const page = await visit("/basic/waits", [NO_SERVER]);
  await page.getByTestId("join").click();
  await at.program.kill();
  await at.program.restart();
  await becomes(page, "waits", ["recovering"]);
  assert.equal(await page.getByTestId("waiting").count(), 0, "nobody knows yet how many there are");
  await face(page, "recovering");
  await page.goto("/basic/paused");
  await phase("paused", "recovering");
  await page.reload();
  assert.equal(await text(page, "state"), "On sale now", "who has no place keeps none");
  await face(page, "outside-recovering");
});

test("the pages that need JavaScript, for who has none", async () => {
  const page = await visit("/", [/status of 404/]);
  for (const [path, name] of [["/", "home"], [room("waits"), "waiting"], ["/checkout.html?event=waits", "checkout"], ["/order.html?event=waits", "order"], ["/nothing-here", "not-there"]]) {
    await page.goto(path);
    await inspectCopy(at, page, `noscript-${name}`, TWO);
  }
});
