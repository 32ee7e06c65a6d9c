import assert from "node:assert/strict";
import { room, text } from "./support/fan.js";
import { htmlOf, inspectCopy, plain } from "./support/plain.js";
import { stage, test } from "./support/stage.js";
import { until } from "./support/until.js";

const at = stage(
  () => [
    { id: "aurora", admission_rate_per_minute: 240, call_window_seconds: 60 },
    { id: "matinee", name: "Matinée", admission_rate_per_minute: 60 },
    { id: "evening", name: "Evening", call_window_seconds: 5 },
    { id: "later", name: "Later", opens_at: inSeconds(-60), on_sale_at: inSeconds(3600) },
    { id: "tiny", name: "Tiny", offers: [{ id: "seat", name: "Seat", price_cents: 1500, currency: "EUR", stock: 2, max_per_order: 2 }, { id: "stool", name: "Stool", price_cents: 900, currency: "EUR", stock: 20, max_per_order: 2 }] },
  ],
  ["--tick-ms", "250"],
);

/** @param {number} seconds */
function inSeconds(seconds) {
  return new Date(Date.now() + seconds * 1000).toISOString();
}

const INCOMPLETE = /status of 422 .*\/order\)/;

test("without JavaScript a fan joins, checks the place, is called, enters, orders, and the order is confirmed", async () => {
  const page = await (await at.visitor({ ...plain, expects: [INCOMPLETE] })).open("/basic/");
  await inspectCopy(at, page);
  await at.crowd("aurora", 60, 36);
  await page.locator('a[href="/basic/aurora"]').click();
  await page.getByTestId("join").click();
  assert.equal(await text(page, "state"), "You are in the queue");
  await page.getByTestId("check").click();
  // Read at one stroke, for the page may ask again by itself between two looks.
  const people = async () => {
    const html = await htmlOf(page);
    if (html.includes('data-testid="enter"')) return 0;
    return Number(html.match(/data-testid="ahead">([\d,]+)</)?.[1].replace(",", "") ?? NaN);
  };
  const ahead = await until("a board knows the place", people);
  assert.ok(ahead > 0 && ahead <= 60, `${ahead} people ahead`);
  assert.equal(await page.locator('meta[http-equiv="refresh"]').count(), 1, "it asks again by itself");
  await until("fewer are ahead", async () => (await people()) < ahead);
  await inspectCopy(at, page, "basic");
  await page.getByTestId("enter").waitFor({ timeout: 40_000 });
  assert.equal(await text(page, "state"), "It is your turn");
  await inspectCopy(at, page, "basic-called");

  // The door may be busy for a moment; the page says so and knocks again when the button is pressed.
  await until("the door opens", async () => {
    if (await page.getByTestId("order-form").isVisible()) return true;
    await page.getByTestId("enter").click();
    return false;
  });
  assert.match(page.url(), /\/basic\/aurora\/checkout$/);
  await inspectCopy(at, page, "basic-checkout");

  const before = await at.program.stockLeft("aurora", "seated");
  await page.getByTestId("name").fill("Inês <Duarte>");
  await page.getByTestId("email").fill("ines@example.org");
  await page.getByTestId("review").click();
  await page.getByTestId("lines-error").waitFor();
  assert.equal(await page.getByTestId("name").inputValue(), "Inês <Duarte>", "what was filled in stays");
  await inspectCopy(at, page);

  await page.getByTestId("quantity-seated").fill("1");
  await page.getByTestId("review").click();
  assert.equal(await text(page, "total"), "€62.00", "the total before anything is ordered");
  await inspectCopy(at, page, "basic-review");
  await page.getByTestId("change").click();
  assert.equal(await page.getByTestId("email").inputValue(), "ines@example.org", "what was filled in stays");
  await page.getByTestId("quantity-seated").fill("2");
  await page.getByTestId("review").click();
  assert.equal(await at.program.stockLeft("aurora", "seated"), before, "nothing has been ordered yet");
  await page.getByTestId("submit").click();
  await until("the order is confirmed", async () => (await text(page, "order-state")) === "Confirmed");
  assert.match(page.url(), /\/basic\/aurora\/order$/);
  assert.match(await text(page, "order-total"), /124/);
  assert.match(await page.getByRole("main").innerText(), /Inês <Duarte>, ines@example\.org/);
  await inspectCopy(at, page, "basic-order");
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
  assert.equal(await text(page, "state"), "Paused for a moment");
  assert.equal(await text(page, "eta"), "known when it goes on");
  await inspectCopy(at, page, "basic-paused");
  await page.getByTestId("leave").click();
  await page.getByTestId("leave-no").click();
  assert.equal(await text(page, "state"), "Paused for a moment", "it asks before it gives the place up");
  await page.getByTestId("leave").click();
  await inspectCopy(at, page, "basic-leave");
  await page.getByTestId("leave-yes").click();
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
  await inspectCopy(at, page);
  await page.getByTestId("rejoin").click();
  await until("it is called again", async () => {
    await page.goto("/basic/evening");
    return (await text(page, "state")) === "It is your turn";
  });
});

test("without JavaScript the draw is told of with its seal, and who comes early is told that it is no advantage", async () => {
  const page = await (await at.visitor(plain)).open("/basic/later");
  await page.getByTestId("join").click();
  assert.equal(await text(page, "state"), "You are in the draw");
  assert.match(await page.getByRole("main").innerText(), /Being early gives no advantage/);
  assert.match(await text(page, "sale"), /UTC, in \d\d minutes$/);
  assert.match(await text(page, "commitment"), /^[0-9a-f]{64}$/);
  await inspectCopy(at, page, "basic-draw");
});

test("without JavaScript who comes too late for the last seats is told so, and leaves the shop", async () => {
  const visitor = await at.visitor({ ...plain, expects: [/status of (401|422)/] });
  const page = await visitor.open("/basic/tiny");
  await page.getByTestId("join").click();
  await page.getByTestId("enter").click();
  const rival = await (await at.visitor(plain)).open("/basic/tiny");
  await rival.getByTestId("join").click();
  await rival.getByTestId("enter").click();
  for (const buyer of [rival, page]) {
    await buyer.getByTestId("quantity-seat").fill("2");
    await buyer.getByTestId("name").fill("Ada");
    await buyer.getByTestId("email").fill("ada@example.org");
    await buyer.getByTestId("review").click();
    await buyer.getByTestId("total").waitFor();
  }
  await rival.getByTestId("submit").click();
  await until("the rival has them", async () => (await text(rival, "order-state")) === "Confirmed");
  await page.getByTestId("submit").click();
  await until("they are sold out", async () => (await text(page, "order-state")) === "Sold out");
  await inspectCopy(at, page, "basic-refused");
  await page.getByTestId("order-again").click();
  assert.match(await text(page, "offer-seat"), /Sold out/);
  assert.equal(await page.getByTestId("quantity-seat").count(), 0);
  await inspectCopy(at, page, "basic-sold-out");
  await page.getByTestId("leave-session").click();
  await inspectCopy(at, page);
  await page.getByTestId("leave-session-yes").click();
  assert.equal(await text(page, "title"), "You left the shop");
  await page.goto("/basic/tiny");
  assert.equal(await text(page, "state"), "Your session is over");
  await inspectCopy(at, page);
});

test("without JavaScript a fan keeps the place through a restart of the server", async () => {
  await at.program.set("matinee", { mode: "pause" });
  const page = await (await at.visitor(plain)).open("/basic/matinee");
  await page.getByTestId("join").click();
  const [ticket, place] = [await text(page, "ticket"), await text(page, "place")];
  await at.program.kill();
  await at.program.restart();
  await page.goto("/basic/matinee");
  assert.deepEqual([await text(page, "ticket"), await text(page, "place")], [ticket, place]);
  assert.match(await text(page, "state"), /keep your place|Paused/);
  await inspectCopy(at, page);
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
