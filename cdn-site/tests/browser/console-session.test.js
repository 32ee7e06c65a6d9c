import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import path from "node:path";
import { NO_SERVER, text } from "./support/fan.js";
import { inspect, picture } from "./support/inspect.js";
import { SIGNED_OUT, figure, live, signIn } from "./support/operator.js";
import { stage, test } from "./support/stage.js";
import { StuckOrders } from "./support/stuck.js";
import { until } from "./support/until.js";

const VIEWER = "viewer-credential-of-the-browser-tests";
const LONG_EVENT =
  "Aurora Borealis Symphony Orchestra with the Choir of the Cathedral of Santiago de Compostela, live at the Arena";
const LONG_OFFER = "Stehplatz-Innenraumbereich-Donaudampfschifffahrtsgesellschaft, including early entry from the north gate";

const at = stage(
  () => [
    { id: "aurora", admission_rate_per_minute: 60, name: LONG_EVENT, offers: [offer("a", LONG_OFFER), offer("b", "Balcony <b>box</b>")] },
    { id: "stuck", admission_rate_per_minute: 60_000 },
  ],
  ["--tick-ms", "500", "--recovery-seconds", "25", "--viewer-credential", VIEWER],
);

/** @param {string} id @param {string} name */
function offer(id, name) {
  return { id, name, price_cents: 4500, currency: "EUR", stock: 40_000, max_per_order: 4 };
}

/** @type {StuckOrders} */
let stuck;

// The first, because it takes a while until fulfilment gives an order up; the other walks go on meanwhile.
test("orders are under way when the power fails, and come back to a shop that does not know their event", async () => {
  stuck = new StuckOrders(at.program, "stuck");
  await stuck.leave();
  const { data } = await at.program.call("GET", "v1/events");
  assert.deepEqual(data.events.map((/** @type {{id: string}} */ { id }) => id), ["aurora"]);
});

test("a wrong credential opens nothing", async () => {
  const page = await (await at.visitor({ expects: [SIGNED_OUT] })).open("/console.html");
  await page.getByTestId("credential").waitFor();
  await inspect(page);
  await picture(page, "console-signed-out");
  await page.getByTestId("credential").fill("not-the-credential-at-all");
  await page.getByTestId("sign-in-submit").click();
  await page.getByTestId("sign-in-error").waitFor();
  assert.equal(await text(page, "sign-in-error"), "This credential is not accepted.");
  assert.equal(await page.getByTestId("figures").isVisible(), false);
  await inspect(page);
});

test("the browser keeps no credential, a reload goes on, and a sign-out ends it", async () => {
  const visitor = await at.visitor({ expects: [SIGNED_OUT] });
  const page = await signIn(visitor, at.program.operator, { name: "Ana Sofia" });
  assert.match(await text(page, "who"), /Ana Sofia, operator/);
  const kept = await page.evaluate(() => [...Object.values(localStorage), ...Object.values(sessionStorage), document.cookie].join());
  assert.ok(!kept.includes(at.program.operator), "in a storage that scripts read");
  assert.equal(await page.getByTestId("credential").inputValue(), "");
  const [cookie] = (await visitor.context.cookies(`${at.program.home}v1/operator/session`)).filter(({ name }) => name === "wr_operator");
  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.sameSite, "Strict");
  assert.ok(!cookie.value.includes(at.program.operator));

  await page.reload();
  await live(page);
  await page.getByTestId("sign-out").click();
  await page.getByTestId("credential").waitFor();
  assert.equal(await page.getByTestId("figures").isVisible(), false);
  await page.reload();
  await page.getByTestId("credential").waitFor();
});

test("a viewer sees everything and can turn nothing, and is told so", async () => {
  const page = await signIn(await at.visitor({ expects: [SIGNED_OUT] }), VIEWER, { name: "Rui" });
  await page.getByTestId("viewer-notice").waitFor();
  await until("the figures are there", async () => Number.isFinite(await figure(page, "waiting")));
  for (const id of ["rate", "pause", "pause-reason", "message", "max-sessions", "mode-closed", "rotate"]) {
    assert.ok(await page.getByTestId(id).isDisabled(), id);
  }
  await page.getByTestId("moment").focus();
  assert.ok(await page.getByTestId("moment").isEnabled(), "looking back is not turning");
  await inspect(page);
  await picture(page, "console-viewer");
});

test("names are text, however long and whatever they contain", async () => {
  const page = await signIn(await at.visitor({ expects: [SIGNED_OUT] }), at.program.operator, { name: "<img src=x> ".repeat(4) });
  await until("the offers are there", async () => /Balcony <b>box<\/b>/.test(await text(page, "stock")));
  assert.equal(await page.locator("#board b b, #who img, #board img").count(), 0);
  await inspect(page);
  await picture(page, "console-long-names");
});

test("old figures are called old, and the console goes on by itself after a restart", async () => {
  const crowd = await at.crowd("aurora", 300);
  const page = await signIn(await at.visitor({ expects: [SIGNED_OUT, NO_SERVER] }), at.program.operator);
  await until("the crowd is seen", async () => (await figure(page, "waiting")) > 5);
  await at.program.kill();
  await page.getByTestId("stale").waitFor();
  assert.match(await text(page, "stale"), /No figures since \d\d:\d\d:\d\d/);
  await page.getByTestId("message").fill("Written meanwhile");
  await page.getByTestId("message-apply").click();
  await page.getByTestId("message-error").waitFor();
  assert.match(await text(page, "message-error"), /No answer from the service/);
  await inspect(page);
  await picture(page, "console-stale");

  await at.program.restart();
  await crowd.rejoin();
  await page.getByTestId("stale").waitFor({ state: "hidden" });
  await live(page);
  await until("the queue re-forms", async () => (await text(page, "phase")) === "Recovering");
  await inspect(page);
  await picture(page, "console-recovering");
  assert.equal(await page.getByTestId("message").inputValue(), "Written meanwhile", "nothing that was written is lost");
});

test("a changed credential ends the session, and the console says so", async () => {
  const page = await signIn(await at.visitor({ expects: [SIGNED_OUT, NO_SERVER] }), at.program.operator);
  await at.program.kill();
  await rm(path.join(at.program.dir, "data", "operator-credential"));
  await at.program.restart();
  await page.getByTestId("sign-in-error").waitFor();
  assert.match(await text(page, "sign-in-error"), /session has ended/);
  assert.equal(await page.getByTestId("figures").isVisible(), false);
  await inspect(page);
  await picture(page, "console-session-ended");
});

test("who guesses is told how long to wait", async () => {
  const page = await (await at.visitor({ expects: [SIGNED_OUT, /status of 429 .*\/session\)/] })).open("/console.html");
  await until("guessing is slowed", async () => {
    const { status } = await at.program.call("POST", "v1/operator/session", { body: { credential: "a-guess-that-is-wrong" } });
    return status === 429;
  });
  await page.getByTestId("credential").fill("another-guess-that-is-wrong");
  await page.getByTestId("sign-in-submit").click();
  await until("the wait is told", async () => /Too many attempts\. Wait /.test(await text(page, "sign-in-error")));
  assert.ok(await page.getByTestId("sign-in-submit").isDisabled());
  assert.match(await text(page, "sign-in-submit"), /in \d+ s/);
  await inspect(page);
  await picture(page, "console-too-many-attempts");
  await until("it opens again", () => page.getByTestId("sign-in-submit").isEnabled(), 60_000);
});

test("an order that is stuck is seen, and sent again", async () => {
  await stuck.becomeDeadLetters();
  const page = await signIn(await at.visitor({ expects: [SIGNED_OUT] }), at.program.operator, { event: "stuck", name: "Ana" });
  await page.getByTestId("dead-notice").waitFor();
  await until("the letters are listed", async () => /\d times/.test(await text(page, "dead-letters")));
  await inspect(page);
  await picture(page, "console-dead-letters");
  await page.getByTestId("redrive").click();
  await page.getByTestId("dead-notice").waitFor({ state: "hidden" });
  await until("they are settled", async () => {
    const { orders } = await at.program.figures("stuck");
    return orders.pending === 0 && orders.dead_letters === 0 && orders.confirmed > 0;
  });
  await until("it is in the audit log", async () => /sent again\s+Ana/.test(await text(page, "audit")));
});
