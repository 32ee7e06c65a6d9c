/** One order, whatever happens while it is sent; and a form that tells in time what has changed under it. */
import assert from "node:assert/strict";
import { choose, enter, join, recordSpoken, shown, text } from "./support/fan.js";
import { stage, test } from "./support/stage.js";
import { until } from "./support/until.js";

const LAST = { id: "last", name: "The last ones", price_cents: 4500, currency: "EUR", stock: 3, max_per_order: 4 };
const ONLY = { ...LAST, id: "only", name: "The only one", stock: 1 };
const PLENTY = { ...LAST, id: "plenty", name: "Standing", stock: 100 };

const at = stage(
  () => [{ id: "cut" }, { id: "reloaded" }, { id: "two-tabs" }, { id: "draft" }, { id: "shrinks", offers: [LAST, ONLY, PLENTY] }],
  ["--tick-ms", "250"],
);

/** @param {string} event */
async function onlyOneOrder(event) {
  const { orders } = await at.program.figures(event);
  assert.equal(orders.confirmed + orders.pending + orders.refused, 1);
}

/** @param {import("playwright-core").Page} page */
const confirmed = (page) => page.locator('[data-testid="receipt"][data-state="confirmed"]').waitFor();

test("the answer is lost on the way: the page tries again, says so without counting aloud, and there is one order", async () => {
  const visitor = await at.visitor({ expects: [/ERR_(FAILED|INTERNET_DISCONNECTED)/] });
  const page = await visitor.context.newPage();
  const spoken = await recordSpoken(page);
  await page.goto("/waiting-room.html?event=cut");
  await page.getByTestId("join").click();
  await enter(page);
  await choose(page, "standing", 2);
  let reached = 0;
  await page.route("**/v1/orders", async (route) => {
    if (reached < 2) await route.fetch();
    reached += 1;
    if (reached > 2) await route.continue();
    else await route.abort();
  });
  await page.getByTestId("submit").click();
  await until("it says that it tries again", async () => /sent once only.*again in \d s/.test(await text(page, "sending")));
  await until("it counts down", async () => reached >= 2);
  const said = (await spoken()).filter((text) => /No answer yet/.test(text));
  await confirmed(page);
  assert.equal(said.length, 1, JSON.stringify(said));
  assert.ok(reached >= 3);
  await onlyOneOrder("cut");
});

test("a reload in the middle sends the same order, and another tab learns of it", async () => {
  const visitor = await at.visitor({ expects: [/ERR_FAILED/, /status of 401 .*\/v1\/session/] });
  const page = await join(visitor, "reloaded");
  await enter(page);
  const other = await visitor.open("/checkout.html?event=reloaded");
  await shown(other, "order-form");
  await choose(page, "seated", 1);
  await page.route("**/v1/orders", async (route) => {
    await route.fetch();
    await route.abort();
  });
  await page.getByTestId("submit").click();
  await until("it is on its way", async () => (await at.program.figures("reloaded")).orders.confirmed === 1);
  await page.unroute("**/v1/orders");
  await page.reload();
  await confirmed(page);
  await confirmed(other);
  await onlyOneOrder("reloaded");
});

test("two tabs that order at once have ordered once, and show the same order", async () => {
  const visitor = await at.visitor({ expects: [/status of 409/] });
  const page = await join(visitor, "two-tabs");
  await enter(page);
  const other = await visitor.open("/checkout.html?event=two-tabs");
  await shown(other, "order-form");
  await choose(page, "standing", 1);
  await choose(other, "seated", 1);
  /** @type {(() => void)[]} */
  const held = [];
  await visitor.context.route("**/v1/orders", async (route) => {
    await new Promise((resolve) => held.push(() => resolve(undefined)));
    await route.continue().catch(() => {});
  });
  for (const one of [page, other]) await one.getByTestId("submit").click();
  await until("both are under way", () => held.length === 2);
  for (const release of held) release();
  await Promise.all([page, other].map(confirmed));
  assert.equal(await text(page, "order-id"), await text(other, "order-id"));
  await onlyOneOrder("two-tabs");
});

test("a reload empties no form, and what was not answered in an earlier session is not sent by itself", async () => {
  const page = await join(await at.visitor(), "draft");
  await enter(page);
  await choose(page, "standing", 2);
  await page.reload();
  await shown(page, "order-form");
  assert.equal(await page.getByTestId("quantity-standing").inputValue(), "2");
  assert.equal(await page.getByTestId("name").inputValue(), "Inês Duarte");
  assert.equal(await text(page, "total"), "€90.00");

  await page.evaluate(() => {
    const body = { lines: [{ offer: "standing", quantity: 4 }], name: "Inês Duarte", email: "ines@example.org" };
    localStorage.setItem("wr.attempt.draft", JSON.stringify({ key: "of-yesterday", token: "of-yesterday", body }));
  });
  await page.reload();
  await shown(page, "order-form");
  assert.equal(await text(page, "total"), "€180.00");
  const { orders } = await at.program.figures("draft");
  assert.equal(orders.confirmed + orders.pending + orders.refused, 0);
});

test("what is sold out under the fan's hands is taken out of the basket, and the fan is told", async () => {
  const page = await join(await at.visitor(), "shrinks");
  await enter(page);
  await choose(page, "last", 3);
  await choose(page, "only", 1);
  await choose(page, "plenty", 1);
  await page.getByTestId("quantity-plenty").fill("9");
  assert.equal(await text(page, "lines-note"), "At most 4 of “Standing”.");
  await page.getByTestId("quantity-plenty").fill("1");
  assert.equal(await text(page, "total"), "€225.00");

  await at.buy("shrinks", [{ offer: "last", quantity: 2 }, { offer: "only", quantity: 1 }]);
  await until("the basket has shrunk", async () => (await text(page, "total")) === "€90.00");
  const told = "Only 1 of “The last ones” is left; your choice was changed. “The only one” has just been sold out, and was taken out of your choice.";
  assert.equal(await text(page, "lines-note"), told);
  assert.equal(await page.getByTestId("say").innerText(), told);
  await page.getByTestId("submit").click();
  await confirmed(page);
});
