import assert from "node:assert/strict";
import { join, situation, text } from "./support/fan.js";
import { inspect, picture } from "./support/inspect.js";
import { stage, test } from "./support/stage.js";
import { until } from "./support/until.js";

const at = stage(
  () => [
    { id: "aurora", admission_rate_per_minute: 600 },
    { id: "other", name: "Quartet in the chapel" },
  ],
  ["--tick-ms", "250"],
);

const BAD_CREDENTIAL = /status of 401 .*\/settings\)/;

/** @param {import("./support/stage.js").Visitor} visitor */
async function signIn(visitor) {
  const page = await visitor.open("/console.html?event=aurora");
  await page.getByTestId("credential").fill(at.program.operator);
  await page.getByTestId("sign-in-submit").click();
  await page.locator('[data-testid="connection"][data-state="live"]').waitFor();
  return page;
}

const figure = async (/** @type {import("playwright-core").Page} */ page, /** @type {string} */ name) =>
  Number((await text(page, `figure-${name}`)).replaceAll(/\D/g, "") || NaN);

test("a wrong credential opens nothing", async () => {
  const page = await (await at.visitor({ expects: [BAD_CREDENTIAL] })).open("/console.html");
  await page.getByTestId("credential").fill("not-the-credential-at-all");
  await page.getByTestId("sign-in-submit").click();
  await page.getByTestId("sign-in-error").waitFor();
  assert.equal(await text(page, "sign-in-error"), "This credential is not accepted.");
  assert.equal(await page.getByTestId("figures").isVisible(), false);
  await inspect(page);
});

test("the figures on the console are live, and a sign-out ends them", async () => {
  const page = await signIn(await at.visitor());
  await page.getByTestId("event-picker").selectOption("other");
  await until("the other event's figures", async () => (await figure(page, "waiting")) === 0);
  await page.getByTestId("event-picker").selectOption("aurora");

  await at.crowd("aurora", 400, 240);
  await until("the crowd is seen", async () => (await figure(page, "waiting")) > 50);
  const waiting = await figure(page, "waiting");
  await at.crowd("aurora", 200);
  await until("those who come after it are seen", async () => (await figure(page, "waiting")) > waiting + 50);
  await until("claims are counted", async () => (await figure(page, "claims")) > 0);
  await until("sessions are counted", async () => (await figure(page, "sessions")) > 0);
  assert.ok((await page.locator("#chart-claims path, #chart-claims polyline").count()) > 0);
  await page.getByTestId("dead-note").waitFor();
  assert.equal(await text(page, "dead-note"), "None.");
  assert.match(await text(page, "stock"), /Balcony box/);

  await inspect(page);
  await picture(page, "console");
  await page.reload();
  await page.locator('[data-testid="connection"][data-state="live"]').waitFor();
  await page.getByTestId("sign-out").click();
  await page.getByTestId("sign-in").waitFor();
  await page.reload();
  await page.getByTestId("sign-in").waitFor();
});

test("a rate that the operator sets is in force at once", async () => {
  const page = await signIn(await at.visitor());
  await page.getByTestId("rate").fill("900");
  assert.match(await text(page, "prediction"), /^At 900\/min /);
  await page.getByTestId("rate-apply").click();
  await until("the rate is in force", async () => (await at.program.figures("aurora")).rate_per_minute === 900, 5000);
  await until("the console shows it", async () => (await page.locator("#claims-of").innerText()) === "of 900");
  assert.equal((await at.program.settings("aurora")).admission_rate_per_minute, 900);
  assert.equal((await at.program.settings("other")).admission_rate_per_minute, 600, "and only at its own event");
});

test("a rate out of range is refused, and the one in force stays", async () => {
  const page = await signIn(await at.visitor({ expects: [/status of 422 .*\/settings\)/] }));
  const { admission_rate_per_minute: before } = await at.program.settings("aurora");
  await page.getByTestId("rate").fill("-5");
  await page.getByTestId("rate-apply").click();
  await page.getByTestId("rate-error").waitFor();
  assert.equal((await at.program.settings("aurora")).admission_rate_per_minute, before);
});

test("a pause with a reason is read by the fans, and ends with one button", async () => {
  const page = await signIn(await at.visitor());
  await page.getByTestId("pause-reason").fill("The shop is catching up.");
  await page.getByTestId("pause").click();
  await page.getByTestId("resume").waitFor();
  assert.equal(await text(page, "phase"), "Paused");
  assert.match(await text(page, "fans-see"), /The shop is catching up\./);
  const fan = await join(await at.visitor(), "aurora");
  await situation(fan, "paused");
  assert.equal(await fan.locator("#message").innerText(), "The shop is catching up.");
  await inspect(page);

  await page.getByTestId("resume").click();
  await page.getByTestId("pause").waitFor();
  await until("the fans go on", async () => (await at.program.figures("aurora")).phase === "admitting");
  assert.equal((await at.program.settings("aurora")).message, "");
});

test("closing a sale is asked twice", async () => {
  const page = await signIn(await at.visitor());
  await page.getByTestId("event-picker").selectOption("other");
  await until("the other event's settings", async () => page.getByTestId("mode-admit").isChecked());
  await page.getByTestId("mode-closed").check();
  await page.getByTestId("mode-apply").click();
  await page.getByTestId("confirm-no").click();
  assert.equal((await at.program.settings("other")).mode, "admit");
  await page.getByTestId("mode-apply").click();
  await page.getByTestId("confirm-yes").click();
  await until("it is closed", async () => (await text(page, "phase")) === "Closed");
  assert.equal((await at.program.settings("other")).mode, "closed");
});

test("a bad value in the settings file is shown and not applied, until it is mended", async () => {
  const page = await signIn(await at.visitor());
  const { admission_rate_per_minute: before } = await at.program.settings("aurora");
  const rate = (/** @type {string} */ value) => (/** @type {string} */ text) =>
    text.replace(/(\[aurora\][^[]*?admission-rate-per-minute = )\S+/, `$1${value}`);
  await at.program.editSettings(rate("-5"));
  await page.getByTestId("refused-settings").waitFor();
  assert.match(await text(page, "refused-settings"), /admission-rate-per-minute = “-5” was refused.*last good value stays in force/);
  assert.equal((await at.program.settings("aurora")).admission_rate_per_minute, before);
  await inspect(page);

  await at.program.editSettings(rate("720"));
  await page.getByTestId("refused-settings").waitFor({ state: "hidden" });
  await until("the mended value is in force", async () => (await at.program.settings("aurora")).admission_rate_per_minute === 720);
});
