import assert from "node:assert/strict";
import { BUSY_DOOR, choose, enter, join, people, room, shown, situation, text } from "./support/fan.js";
import { inspect, overflowing, picture, violations } from "./support/inspect.js";
import { stage, test } from "./support/stage.js";
import { sleep, until } from "./support/until.js";

const at = stage(
  () => [
    { id: "aurora-live" },
    { id: "winter", name: "Winter fair", venue: "Market square, Braga", starts_at: "2026-12-20T17:30:00Z", opens_at: day(1), on_sale_at: day(1) },
    { id: "quartet", name: "Quartet in the chapel", venue: "Capela das Almas, Porto", starts_at: "2026-12-05T19:00:00Z" },
  ],
  ["--tick-ms", "250"],
);

/** @param {number} days */
function day(days) {
  return new Date(Date.now() + days * 86_400_000).toISOString();
}

test("every page on the way is usable by everybody, by day and by night, on the narrowest screen", async () => {
  await at.crowd("aurora-live", 2400, 1440);
  const visitor = await at.visitor({ expects: [BUSY_DOOR] });
  const home = await visitor.open("/");
  await shown(home, "event-aurora-live");
  await inspect(home);
  await picture(home, "home");

  const waiting = await visitor.open(room("aurora-live"));
  await situation(waiting, "outside");
  await inspect(waiting);
  await waiting.getByTestId("join").click();
  await situation(waiting, "waiting");
  assert.ok((await people(waiting)) > 500);

  const page = await join(visitor, "quartet");
  await situation(page, "called");
  await inspect(page);
  await picture(page, "called");
  await enter(page);
  await inspect(page);
  await choose(page, "standing", 2);
  await picture(page, "checkout");
  await page.getByTestId("submit").click();
  await page.locator('[data-testid="receipt"][data-state="confirmed"]').waitFor();
  await inspect(page);
  await picture(page, "order");

  // In the first ten seconds there is none. Who is far behind looks every half minute, and at once when the network is back.
  await until("there is an estimate", async () => {
    await waiting.evaluate(() => dispatchEvent(new Event("online")));
    await sleep(500);
    return /\d/.test(await text(waiting, "eta"));
  }, 45_000);
  await inspect(waiting);
  await picture(waiting, "waiting");

  await page.goto("/order.html?event=winter");
  await shown(page, "nowhere");
  await inspect(page);
});

test("the pages speak Portuguese to who prefers it, and fit", async () => {
  const page = await join(await at.visitor({ locale: "pt-PT" }), "quartet");
  await situation(page, "called");
  assert.equal(await page.locator("html").getAttribute("lang"), "pt");
  assert.equal(await text(page, "enter"), "Entrar na loja");
  await inspect(page);
});

test("a page that does not exist says so and leads home", async () => {
  const page = await (await at.visitor({ expects: [/status of 404/] })).open("/nothing-here");
  assert.match(await page.getByRole("main").innerText(), /This page is not here/);
  await inspect(page);
  await page.goto(room("unknown"));
  await situation(page, "unknown");
  await inspect(page);
});

test("what a page must not do is noticed here", async () => {
  const visitor = await at.visitor();
  const page = await visitor.open("/404.html");
  await page.evaluate(() => {
    document.body.append(Object.assign(document.createElement("script"), { textContent: "globalThis.ran = true" }));
    document.body.append(Object.assign(document.createElement("img"), { src: "https://elsewhere.invalid/x.png" }));
    const wide = document.createElement("p");
    wide.style.width = "2000px";
    wide.append(document.createElement("button"));
    document.body.append(wide);
  });
  await until("the blocked image is noticed", () => [...visitor.faults].some((fault) => /elsewhere\.invalid/.test(fault)));
  await until("the blocked script is noticed", () => [...visitor.faults].some((fault) => /inline script/.test(fault)));
  assert.equal(await page.evaluate(() => Reflect.has(globalThis, "ran")), false);
  assert.ok((await violations(page)).some((violation) => violation.startsWith("button-name")));
  assert.ok((await overflowing(page)).length > 0);
  visitor.faults.clear();
});
