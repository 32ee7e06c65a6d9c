import assert from "node:assert/strict";
import { join, situation, text } from "./support/fan.js";
import { inspect, picture } from "./support/inspect.js";
import { SIGNED_OUT, figure, live, signIn } from "./support/operator.js";
import { stage, test } from "./support/stage.js";
import { until } from "./support/until.js";

const at = stage(
  () => [
    { id: "aurora", admission_rate_per_minute: 600 },
    { id: "other", name: "Quartet in the chapel" },
  ],
  ["--tick-ms", "500"],
);

const operator = async (/** @type {{expects?: RegExp[], name?: string, event?: string}} */ { expects = [], ...options } = {}) =>
  signIn(await at.visitor({ expects: [SIGNED_OUT, ...expects] }), at.program.operator, options);

test("the figures and the charts are live, and begin with what was before", async () => {
  await at.crowd("aurora", 400, 240);
  await until("the history has a point", async () => {
    const { data } = await at.program.call("GET", "v1/operator/events/aurora/history?minutes=60", { token: at.program.operator });
    return data.points.some((/** @type {any} */ { waiting }) => waiting > 50);
  });
  const page = await operator();
  await until("the crowd is seen", async () => (await figure(page, "waiting")) > 50);
  const waiting = await figure(page, "waiting");
  await at.crowd("aurora", 200);
  await until("those who come after it are seen", async () => (await figure(page, "waiting")) > waiting + 50);
  await until("claims are counted", async () => (await figure(page, "claims")) > 0);
  await until("sessions are counted", async () => (await figure(page, "sessions")) > 0);
  const charts = ["claims", "waiting", "joins", "eta", "sessions", "no-show", "orders", "stock"];
  for (const name of charts) {
    const chart = page.getByTestId(`chart-${name}`);
    assert.ok(await chart.locator("canvas").evaluate(drawnOn), `nothing is drawn on ${name}`);
    assert.match(await chart.locator("p").innerText(), /: .+, between .+ and .+\.|nothing yet/, name);
  }
  assert.match(await text(page, "stock"), /Balcony box/);
  await page.getByTestId("event-picker").selectOption("other");
  await until("the other event's figures", async () => (await figure(page, "waiting")) === 0);
});

/** @param {HTMLCanvasElement|SVGElement} canvas */
function drawnOn(canvas) {
  const { width, height } = /** @type {HTMLCanvasElement} */ (canvas);
  const { data } = /** @type {HTMLCanvasElement} */ (canvas).getContext("2d")?.getImageData(0, 0, width, height) ?? { data: [] };
  return Array.from(data).some((value) => value > 0);
}

test("the cursors of all charts are in step, and the keyboard moves them too", async () => {
  const page = await operator();
  const claims = page.getByTestId("chart-claims").locator(".u-over");
  const cursor = page.getByTestId("chart-stock").locator(".u-cursor-x");
  await claims.hover({ position: { x: 100, y: 40 } });
  await until("the last chart follows", async () => /translate\((?!-)/.test((await cursor.getAttribute("style")) ?? ""));
  await page.mouse.move(5, 5);
  await page.getByTestId("moment").focus();
  for (let n = 0; n < 10; n += 1) await page.keyboard.press("ArrowLeft");
  assert.match(await text(page, "moment-time"), /^\d\d:\d\d:\d\d$/);
  assert.match((await page.getByTestId("moment").getAttribute("aria-valuetext")) ?? "", /ago$/);
  await page.keyboard.press("End");
  assert.equal(await text(page, "moment-time"), "Now");
});

test("the same figures are there as a table", async () => {
  const page = await operator();
  await page.getByTestId("chart-table").locator("summary").click();
  await until("a row has figures", async () => /\d+\s+600/.test(await text(page, "chart-table")));
  assert.match(await text(page, "chart-table"), /standing left/i);
  await inspect(page);
});

test("a rate that the operator sets is in force at once, and its effect was told before", async () => {
  const page = await operator({ name: "Ana" });
  await page.getByTestId("rate").fill("900");
  await until("the effect is told", async () => /^At 900\/min /.test(await text(page, "prediction")));
  await page.getByTestId("rate-apply").click();
  await until("the rate is in force", async () => (await at.program.figures("aurora")).rate_per_minute === 900, 5000);
  await until("the console shows it", async () => (await text(page, "rate-in-force")) === "of 900");
  assert.equal((await at.program.settings("aurora")).admission_rate_per_minute, 900);
  assert.equal((await at.program.settings("other")).admission_rate_per_minute, 600, "and only at its own event");
  await until("it is in the audit log", async () => /Rate\s+600\s+→\s+900\s+Ana/.test(await text(page, "audit")));
});

test("a rate with a digit too many is asked about", async () => {
  const page = await operator();
  const { admission_rate_per_minute: before } = await at.program.settings("aurora");
  await page.getByTestId("rate").fill(String(before * 10));
  await page.getByTestId("rate-apply").click();
  await page.getByTestId("confirm").waitFor();
  await inspect(page);
  await picture(page, "console-confirm");
  await page.keyboard.press("Escape");
  assert.equal((await at.program.settings("aurora")).admission_rate_per_minute, before);
  assert.equal(await page.getByTestId("rate").inputValue(), String(before * 10), "what was written stays until it is undone");
});

test("what another operator sets is shown at once, except where this one is writing", async () => {
  const page = await operator();
  await page.getByTestId("rate").fill("777");
  await at.program.set("aurora", { admission_rate_per_minute: 840, max_active_sessions: 1500 });
  await until("the limit follows", async () => (await page.getByTestId("max-sessions").inputValue()) === "1500");
  assert.equal(await page.getByTestId("rate").inputValue(), "777");
  assert.equal(await text(page, "rate-now"), "In force: 840 a minute");
});

test("a rate out of range is refused, and the one in force stays", async () => {
  const page = await operator({ expects: [/status of 422 .*\/settings\)/] });
  const { admission_rate_per_minute: before } = await at.program.settings("aurora");
  await page.getByTestId("rate").fill("-5");
  await page.getByTestId("rate-apply").click();
  await page.getByTestId("rate-error").waitFor();
  assert.equal((await at.program.settings("aurora")).admission_rate_per_minute, before);
  await inspect(page);
  await picture(page, "console-rate-error");
});

test("a pause with a reason is read by the fans, and ends with one button", async () => {
  const page = await operator();
  await page.getByTestId("pause-reason").fill("The shop is catching up.");
  await page.getByTestId("pause").click();
  await page.getByTestId("resume").waitFor();
  await until("it is paused", async () => (await text(page, "phase")) === "Paused");
  await until("the console shows what fans read", async () => /The shop is catching up\./.test(await text(page, "fans-see")));
  const fan = await join(await at.visitor(), "aurora");
  await situation(fan, "paused");
  assert.equal(await fan.locator("#message").innerText(), "The shop is catching up.");
  await inspect(page);
  await picture(page, "console-paused");

  await page.getByTestId("resume").click();
  await page.getByTestId("pause").waitFor();
  await until("the fans go on", async () => (await at.program.figures("aurora")).phase === "admitting");
  assert.equal((await at.program.settings("aurora")).message, "");
});

test("the door is paused and opened with the keyboard alone", async () => {
  const page = await operator();
  const tabTo = async (/** @type {string} */ id) => {
    for (let n = 0; n < 40; n += 1) {
      await page.keyboard.press("Tab");
      if ((await page.evaluate(() => document.activeElement?.id)) === id) return;
    }
    assert.fail(`the Tab key does not lead to ${id}`);
  };
  await tabTo("reason");
  await page.keyboard.type("A moment, please.");
  await tabTo("pause");
  const outline = await page.getByTestId("pause").evaluate((button) => getComputedStyle(button).outlineStyle);
  assert.equal(outline, "solid", "the focus is seen");
  await page.keyboard.press("Enter");
  await until("the focus is on the way back", () => page.getByTestId("resume").evaluate((button) => button === document.activeElement));
  await page.keyboard.press("Enter");
  await until("the door is open", async () => (await at.program.settings("aurora")).mode === "admit");
});

test("closing a sale is asked twice", async () => {
  const page = await operator({ event: "other" });
  await until("the other event's settings", async () => page.getByTestId("mode-admit").isChecked());
  await page.getByTestId("mode-closed").check();
  await page.getByTestId("mode-apply").click();
  await page.getByTestId("confirm-no").click();
  assert.equal((await at.program.settings("other")).mode, "admit");
  await page.getByTestId("mode-apply").click();
  await page.getByTestId("confirm-yes").click();
  await until("it is closed", async () => (await text(page, "phase")) === "Closed");
  assert.equal((await at.program.settings("other")).mode, "closed");
  await inspect(page);
  await picture(page, "console-closed");
  await at.program.set("other", { mode: "bypass" });
  await until("everybody may come in", async () => (await text(page, "phase")) === "Bypass");
  await inspect(page);
});

test("a bad value in the settings file is shown and not applied, until it is mended", async () => {
  const page = await operator();
  const { admission_rate_per_minute: before } = await at.program.settings("aurora");
  const rate = (/** @type {string} */ value) => (/** @type {string} */ text) =>
    text.replace(/(\[aurora\][^[]*?admission-rate-per-minute = )\S+/, `$1${value}`);
  await at.program.editSettings(rate("-5"));
  await page.getByTestId("refused-settings").waitFor();
  assert.match(await text(page, "refused-settings"), /admission-rate-per-minute = “-5” was refused.*last good value stays in force/);
  assert.equal((await at.program.settings("aurora")).admission_rate_per_minute, before);
  await inspect(page);
  await picture(page, "console-refused");

  await at.program.editSettings(rate("720"));
  await page.getByTestId("refused-settings").waitFor({ state: "hidden" });
  await until("the mended value is in force", async () => (await at.program.settings("aurora")).admission_rate_per_minute === 720);
});

test("nothing is lost at 200 % zoom", async () => {
  const page = await signIn(
    await at.visitor({ expects: [SIGNED_OUT], viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 }),
    at.program.operator,
  );
  for (const id of ["rate", "pause", "message", "max-sessions", "mode-admit", "rotate", "chart-claims", "stock", "sign-out"]) {
    assert.ok(await page.getByTestId(id).isVisible(), id);
  }
  await inspect(page);
  await live(page);
});
