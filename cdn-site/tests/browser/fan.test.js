import assert from "node:assert/strict";
import { BUSY_DOOR, choose, enter, join, order, people, recordAhead, room, shown, situation, text } from "./support/fan.js";
import { inspect } from "./support/inspect.js";
import { stage, test } from "./support/stage.js";
import { until } from "./support/until.js";

const LAST = { id: "last", name: "The last one", price_cents: 4500, currency: "EUR", stock: 1, max_per_order: 1 };
const PLENTY = { ...LAST, id: "plenty", name: "Standing", stock: 100 };

const at = stage(
  () => [
    { id: "crowded", admission_rate_per_minute: 240, call_window_seconds: 12 },
    { id: "quiet", name: "Quartet in the chapel" },
    { id: "scarce", offers: [LAST, PLENTY] },
    { id: "sold-out", offers: [LAST] },
    { id: "missed", call_window_seconds: 5 },
    { id: "regretted", admission_rate_per_minute: 60 },
    { id: "over" },
  ],
  ["--tick-ms", "250"],
);

test("a fan behind a crowd sees the people ahead only fall, is called, enters, orders, and the order is confirmed", async () => {
  await at.crowd("crowded", 100, 60);
  const page = await (await at.visitor({ expects: [BUSY_DOOR] })).open("/");

  await page.getByTestId("event-crowded").getByTestId("open").click();
  await situation(page, "waiting");
  const aheadSeen = await recordAhead(page);
  assert.ok((await people(page)) > 10, "a crowd is ahead");
  const [, position, total] = /^(\d+) of (\d+)$/.exec(await text(page, "position")) ?? [];
  assert.ok(Number(position) > 10 && Number(position) <= Number(total), `${position} of ${total}`);

  await situation(page, "called", 40_000);
  const seen = await aheadSeen();
  assert.ok(seen.length >= 3, `the page moves: ${seen}`);
  assert.deepEqual(seen, [...seen].sort((a, b) => b - a), "never more than before");

  await enter(page);
  const before = await at.program.stockLeft("crowded", "standing");
  await order(page, "standing", 2);
  assert.equal(await text(page, "order-total"), "€90.00");
  assert.equal(await text(page, "order-for"), "Inês Duarte, ines@example.org");
  await at.program.stockBecomes("crowded", "standing", before - 2);

  await page.reload();
  await page.locator('[data-testid="receipt"][data-state="confirmed"]').waitFor();
  await page.goto("/");
  assert.equal(await page.getByTestId("event-crowded").getByTestId("open").innerText(), "Your order");
});

test("at a quiet event a fan is called at once", async () => {
  const page = await (await at.visitor()).open(room("quiet"));
  const answer = page.waitForResponse((response) => response.request().method() === "POST");
  await page.getByTestId("join").click();
  assert.equal((await (await answer).json()).status.state, "called");
  await enter(page);
});

test("an impatient fan who orders twice has ordered once", async () => {
  const page = await join(await at.visitor(), "quiet");
  await enter(page);
  await choose(page, "seated", 1);
  const before = await at.program.stockLeft("quiet", "seated");
  await page.getByTestId("submit").dblclick();
  await page.locator('[data-testid="receipt"][data-state="confirmed"]').waitFor();
  await page.goBack();
  await page.locator('[data-testid="receipt"][data-state="confirmed"]').waitFor();
  await at.program.stockBecomes("quiet", "seated", before - 1);
  const { orders } = await at.program.figures("quiet");
  assert.equal(orders.confirmed + orders.pending, 1);
});

test("an order form that is not filled in says what is missing, and orders nothing", async () => {
  const page = await join(await at.visitor(), "quiet");
  await enter(page);
  const before = (await at.program.figures("quiet")).orders;
  await page.getByTestId("submit").click();
  assert.equal(await text(page, "lines-error"), "Choose at least one.");
  assert.equal(await text(page, "name-error"), "Please fill in the name.");
  assert.equal(await text(page, "email-error"), "Please fill in the email address.");
  assert.deepEqual((await at.program.figures("quiet")).orders, before);
  await inspect(page);
});

test("who orders what has just been sold out is refused, is told so, and chooses something else", async () => {
  const page = await refusedForTheLastOne("scarce");
  assert.match(await text(page, "order-text"), /sold out before it could be reserved.*Nothing was charged/);
  await inspect(page);
  await page.getByTestId("order-again").click();
  await page.getByTestId("quantity-plenty").waitFor();
  assert.equal(await page.getByTestId("more-last").isDisabled(), true);
  await order(page, "plenty", 1);
});

test("when nothing at all is left, nobody is sent back to choose, and who waits is told", async () => {
  const page = await refusedForTheLastOne("sold-out");
  assert.equal(await text(page, "order-state"), "Sold out");
  assert.equal(await page.getByTestId("order-again").isVisible(), false);

  const late = await (await at.visitor()).open(room("sold-out"));
  await shown(late, "notice-sold-out");
  await late.goto("/");
  assert.equal(await late.getByTestId("event-sold-out").getByTestId("phase").innerText(), "Sold out");
});

/** A fan's page after ordering what somebody else bought while it was being chosen. @param {string} event */
async function refusedForTheLastOne(event) {
  const page = await join(await at.visitor(), event);
  await enter(page);
  await choose(page, "last", 1);

  await at.buy(event, [{ offer: "last", quantity: 1 }]);
  await at.program.stockBecomes(event, "last", 0);

  await page.getByTestId("submit").click();
  await page.locator('[data-testid="receipt"][data-state="refused"]').waitFor();
  return page;
}

test("who misses the call is told, comes back at the head, and gets in", async () => {
  const page = await join(await at.visitor({ expects: [BUSY_DOOR] }), "missed");
  await situation(page, "called");
  await situation(page, "missed");
  assert.equal(await text(page, "state"), "Your turn has passed");
  assert.match(await text(page, "lead"), /come back once, at the head/);
  await inspect(page);
  await page.getByTestId("rejoin").click();
  await enter(page);
});

test("who leaves the queue gives the place up, and only after saying so twice", async () => {
  await at.crowd("regretted", 60);
  const page = await join(await at.visitor(), "regretted");
  await situation(page, "waiting");
  await page.getByTestId("leave").click();
  await page.getByTestId("leave-no").click();
  await situation(page, "waiting");
  assert.equal((await at.program.figures("regretted")).left_total, 0);

  await page.getByTestId("leave").click();
  await page.getByTestId("leave-yes").click();
  await situation(page, "left");
  await inspect(page);
  await until("the place is free", async () => (await at.program.figures("regretted")).left_total === 1);
  await page.reload();
  await situation(page, "outside");
});

test("a closed sale says so to who waits and to who comes", async () => {
  await at.program.set("over", { mode: "pause" });
  const page = await join(await at.visitor(), "over");
  await situation(page, "paused");
  await at.program.set("over", { mode: "closed" });
  await situation(page, "closed");
  assert.equal(await text(page, "state"), "The sale is closed");
  await inspect(page);

  const late = await (await at.visitor()).open(room("over"));
  await situation(late, "closed");
  await late.goto("/");
  await shown(late, "event-over");
  assert.equal(await late.getByTestId("event-over").getByTestId("open").count(), 0);
});

test("checkout opens for nobody without a pass", async () => {
  const page = await (await at.visitor()).open("/checkout.html?event=quiet");
  await shown(page, "nowhere");
  assert.equal(await page.getByTestId("order-form").isVisible(), false);
  await inspect(page);
});
