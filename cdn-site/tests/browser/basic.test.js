import assert from "node:assert/strict";
import { room, text } from "./support/fan.js";
import { inspect, picture } from "./support/inspect.js";
import { stage, test } from "./support/stage.js";
import { until } from "./support/until.js";

const at = stage(
  () => [
    { id: "aurora", admission_rate_per_minute: 240, call_window_seconds: 60 },
    { id: "matinee", name: "Matinée", admission_rate_per_minute: 60 },
    { id: "evening", name: "Evening", call_window_seconds: 5 },
  ],
  ["--tick-ms", "250"],
);

const INCOMPLETE = /status of 422 .*\/order\)/;
const plain = { javaScriptEnabled: false };

test("without JavaScript a fan joins, checks the place, is called, enters, orders, and the order is confirmed", async () => {
  await at.crowd("aurora", 60, 36);
  const page = await (await at.visitor({ ...plain, expects: [INCOMPLETE] })).open("/basic/");
  await inspectCopy(page);
  await page.locator('a[href="/basic/aurora"]').click();
  await page.getByTestId("join").click();
  assert.equal(await text(page, "state"), "You are in the queue");
  const people = async () => {
    await page.getByTestId("check").click();
    return (await page.getByTestId("ahead").count()) === 0 ? null : Number(await text(page, "ahead"));
  };
  const ahead = (await until("a board knows the place", people)) ?? NaN;
  assert.ok(ahead > 10 && ahead <= 60, `${ahead} people ahead`);
  assert.equal(await page.locator('meta[http-equiv="refresh"]').count(), 1, "it asks again by itself");
  await until("fewer are ahead", async () => ((await people()) ?? ahead) < ahead);
  await inspectCopy(page, "basic");
  await page.getByTestId("enter").waitFor({ timeout: 40_000 });
  assert.equal(await text(page, "state"), "It is your turn");
  await inspectCopy(page, "basic-called");

  // The door may be busy for a moment; the page says so and knocks again when the button is pressed.
  await until("the door opens", async () => {
    if (await page.getByTestId("order-form").isVisible()) return true;
    await page.getByTestId("enter").click();
    return false;
  });
  assert.match(page.url(), /\/basic\/aurora\/checkout$/);
  await inspectCopy(page, "basic-checkout");

  const before = await at.program.stockLeft("aurora", "seated");
  await page.getByTestId("name").fill("Inês <Duarte>");
  await page.getByTestId("email").fill("ines@example.org");
  await page.getByTestId("submit").click();
  await page.getByTestId("lines-error").waitFor();
  assert.equal(await page.getByTestId("name").inputValue(), "Inês <Duarte>", "what was filled in stays");
  await inspectCopy(page);

  await page.getByTestId("quantity-seated").fill("2");
  await page.getByTestId("submit").click();
  await until("the order is confirmed", async () => (await text(page, "order-state")) === "Confirmed");
  assert.match(page.url(), /\/basic\/aurora\/order$/);
  assert.match(await text(page, "order-total"), /124/);
  assert.match(await page.getByRole("main").innerText(), /Inês <Duarte>, ines@example\.org/);
  await inspectCopy(page, "basic-order");
  await at.program.stockBecomes("aurora", "seated", before - 2);

  await page.reload();
  assert.equal(await text(page, "order-state"), "Confirmed");
  await page.goto("/basic/aurora/checkout");
  assert.equal(await page.getByTestId("order-form").count(), 0, "one ticket buys once");
});

test("without JavaScript a fan leaves the queue, and the next visit begins anew", async () => {
  await at.program.set("matinee", { mode: "pause", message: "Back at eight." });
  const page = await (await at.visitor(plain)).open("/basic/matinee");
  assert.match(await page.getByRole("main").innerText(), /Back at eight\./);
  await page.getByTestId("join").click();
  await page.getByTestId("leave").click();
  await page.getByTestId("join").waitFor();
  // Figures are a tick old.
  await until("the place is free", async () => (await at.program.figures("matinee")).left_total === 1);
});

test("without JavaScript a missed call is explained, and leads back in", async () => {
  const page = await (await at.visitor(plain)).open("/basic/evening");
  await page.getByTestId("join").click();
  assert.equal(await text(page, "state"), "It is your turn");
  await until("the call is missed", async () => {
    await page.goto("/basic/evening");
    return (await text(page, "state")) === "Your turn has passed";
  });
  await inspectCopy(page);
  await page.getByTestId("rejoin").click();
  await until("it is called again", async () => {
    await page.goto("/basic/evening");
    return (await text(page, "state")) === "It is your turn";
  });
});

test("the cookies of the pages without JavaScript are out of reach of scripts and other sites", async () => {
  const visitor = await at.visitor(plain);
  const page = await visitor.open("/basic/matinee");
  await page.getByTestId("join").click();
  const cookies = await visitor.context.cookies();
  assert.ok(cookies.length > 0);
  for (const { name, httpOnly, sameSite, path } of cookies) {
    assert.deepEqual({ httpOnly, sameSite, path }, { httpOnly: true, sameSite: "Lax", path: "/basic" }, name);
  }
});

test("the pages that need JavaScript say where the others are", async () => {
  const page = await (await at.visitor(plain)).open(room("aurora"));
  await page.getByRole("button", { name: "simple version" }).click();
  await page.waitForURL(/\/basic\//);
  await page.locator('a[href="/basic/aurora"]').waitFor();
});

/**
 * Without JavaScript in the page the inspection can't run either, and a page that reloads itself doesn't hold still for
 * it; so it looks at a copy. That the page reloads itself is allowed to it: a queue happens in real time.
 *
 * @param {import("playwright-core").Page} page
 * @param {string} [name] of pictures to take
 */
async function inspectCopy(page, name) {
  const html = (await page.content()).replace(/<meta http-equiv="refresh"[^>]*>/, "");
  assert.doesNotMatch(html, /<script/);
  const { context } = await at.visitor();
  await context.route(page.url(), (route) => route.fulfill({ contentType: "text/html; charset=utf-8", body: html }));
  const copy = await context.newPage();
  await copy.goto(page.url());
  await inspect(copy);
  if (name) await picture(copy, name);
  await context.close();
}
