/** Every face of the shop's pages, with the real program: usable by everybody, by day and by night, and pictured. */
import assert from "node:assert/strict";
import { choose, enter, hold, join, room, shown, situation, text } from "./support/fan.js";
import { face } from "./support/inspect.js";
import { stage, test } from "./support/stage.js";
import { until } from "./support/until.js";

const ONE = { id: "standing", name: "Standing", price_cents: 4500, currency: "EUR", stock: 1, max_per_order: 1 };
const FEW = { ...ONE, id: "few", name: "Balcony box", price_cents: 11_000, stock: 2, max_per_order: 4 };
const LAST = [{ offer: "standing", quantity: 1 }];

const at = stage(
  () => [
    { id: "calls" },
    { id: "early", name: "Winter fair", on_sale_at: new Date(Date.now() + 86_400_000).toISOString() },
    { id: "scarce", offers: [ONE, FEW] },
    { id: "vanishes", name: "One night only", offers: [ONE] },
    { id: "snatched", name: "Carnival ball", offers: [ONE, FEW] },
    { id: "brief", session_seconds: 30 },
  ],
  ["--tick-ms", "250"],
);

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
  await at.buy("scarce", LAST);
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

test("the shop: nobody answers, everything is gone, refused, left", async () => {
  const page = await join(await at.visitor({ expects: [/ERR_FAILED/] }), "vanishes");
  await enter(page);
  await page.route("**/v1/session", (route) => route.abort());
  await page.reload();
  await until("it says that nobody answers", async () => /No answer/.test(await text(page, "opening")));
  await face(page, "checkout-opening");
  await page.unroute("**/v1/session");
  await shown(page, "order-form");
  await at.buy("vanishes", LAST);
  await at.program.stockBecomes("vanishes", "standing", 0);
  await page.reload();
  await shown(page, "all-sold-out");
  await face(page, "checkout-all-sold-out");
  await page.getByTestId("leave-session").click();
  await page.getByTestId("leave-session-yes").click();
  await shown(page, "nowhere");
  await face(page, "checkout-left");

  const other = await join(await at.visitor(), "snatched");
  await enter(other);
  await choose(other, "standing", 1);
  await at.buy("snatched", LAST);
  await at.program.stockBecomes("snatched", "standing", 0);
  await other.getByTestId("submit").click();
  await other.getByTestId("order-again").waitFor();
  await face(other, "order-refused");
  await other.getByTestId("order-again").click();
  await shown(other, "form-note");
  await face(other, "checkout-was-refused");
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
  await page.goto("/");
  await until("it leads to the order", async () => (await page.getByTestId("event-calls").getByTestId("open").innerText()) === "Your order");
  await face(page, "home-ordered");
  await page.goto(room("calls"));
  await shown(page, "order-link");
  await face(page, "waiting-ordered");
  await page.goto("/order.html?event=early");
  await shown(page, "nowhere");
  await face(page, "order-nowhere");
});

test("a page that is not there", async () => {
  const page = await (await at.visitor({ expects: [/status of 404/] })).open("/nothing-here");
  await face(page, "not-there");
});
