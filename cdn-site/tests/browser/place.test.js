import assert from "node:assert/strict";
import { BUSY_DOOR, NO_SERVER, enter, join, order, people, room, seat, shown, situation, text } from "./support/fan.js";
import { face } from "./support/inspect.js";
import { stage, test } from "./support/stage.js";
import { until } from "./support/until.js";

// A short call window makes the pages ask more often, so the walks are short too.
const SLOW = { admission_rate_per_minute: 60, call_window_seconds: 12 };

const at = stage(
  () => [
    { id: "reload", ...SLOW },
    { id: "crash", ...SLOW },
    { id: "forgetful" },
    { id: "clock" },
  ],
  ["--tick-ms", "250", "--recovery-seconds", "8"],
);

test("a reload, and a tab that was closed, come back to the same place", async () => {
  await at.crowd("reload", 120);
  const visitor = await at.visitor({ expects: [BUSY_DOOR] });
  let page = await join(visitor, "reload");
  await situation(page, "waiting");
  const mine = await seat(page);
  const ahead = await people(page);

  await page.reload();
  await situation(page, "waiting");
  assert.deepEqual(await seat(page), mine);

  await page.close();
  page = await visitor.open("/");
  await page.getByTestId("event-reload").getByTestId("open").click();
  await situation(page, "waiting");
  assert.deepEqual(await seat(page), mine);
  assert.ok((await people(page)) <= ahead);
  assert.equal((await at.program.figures("reload")).joined_total, 121, "nobody joined twice");

  await at.program.set("reload", { admission_rate_per_minute: 3000 });
  await enter(page);
});

test("two tabs of one browser hold one place", async () => {
  const visitor = await at.visitor();
  await at.program.set("reload", { mode: "pause" });
  const first = await join(visitor, "reload");
  await situation(first, ["paused", "called"]);
  const second = await visitor.open(room("reload"));
  await situation(second, ["paused", "called"]);
  assert.deepEqual(await seat(second), await seat(first));
  await first.getByTestId("leave").click();
  await first.getByTestId("leave-yes").click();
  await situation(second, "left");
});

test("a server that is killed and comes back finds everybody at their place, and lets them in", async () => {
  const crowd = await at.crowd("crash", 60);
  const page = await join(await at.visitor({ expects: [BUSY_DOOR, NO_SERVER] }), "crash");
  await situation(page, "waiting");
  const mine = await seat(page);
  const ahead = await people(page);

  await at.program.kill();
  await shown(page, "notice-offline");
  assert.match(await text(page, "notice-offline"), /You keep your place/);
  assert.equal(await people(page), ahead, "what was known stays on the page");

  await at.program.restart();
  await crowd.rejoin();
  await situation(page, "recovering");
  assert.equal(await text(page, "state"), "You keep your place");
  await page.getByTestId("notice-offline").waitFor({ state: "hidden" });
  await situation(page, "waiting");
  assert.deepEqual(await seat(page), mine);
  await shown(page, "notice-climbs");
  assert.match(await text(page, "notice-climbs"), /You kept your place/);
  assert.ok((await people(page)) <= 60, "behind those who were ahead, and nobody else");

  await at.program.set("crash", { admission_rate_per_minute: 3000 });
  await enter(page);
  await order(page, "standing", 1);
});

test("where the browser stores nothing, the address holds the place, and the walk goes on to the order", async () => {
  const visitor = await at.visitor({ expects: [BUSY_DOOR] });
  await visitor.context.addInitScript(() => {
    const denied = { get: () => { throw new DOMException("denied", "SecurityError"); } };
    Object.defineProperty(globalThis, "localStorage", denied);
    Object.defineProperty(globalThis, "sessionStorage", denied);
  });
  await at.program.set("forgetful", { mode: "pause" });
  const page = await join(visitor, "forgetful");
  await situation(page, "paused");
  await shown(page, "notice-forgetful");
  const mine = await seat(page);
  assert.match(new URL(page.url()).hash, /^#place=[\w-]{22,64}$/);

  await page.reload();
  await situation(page, "paused");
  assert.deepEqual(await seat(page), mine);
  await face(page, "waiting-forgetful");

  await at.program.set("forgetful", { mode: "admit" });
  await enter(page);
  await order(page, "standing", 1);
});

for (const hours of [-9, 9]) {
  test(`a browser whose clock is ${hours} h wrong shows the server's times`, async () => {
    const visitor = await at.visitor({ expects: [BUSY_DOOR] });
    await visitor.context.addInitScript((shift) => {
      const Real = Date;
      globalThis.Date = class extends Real {
        /** @param {any[]} parts */
        constructor(...parts) {
          super(...(parts.length === 0 ? [Real.now() + shift] : parts));
        }
        static now() {
          return Real.now() + shift;
        }
      };
    }, hours * 3_600_000);
    const page = await join(visitor, "clock");
    await situation(page, "called");
    assert.ok(Math.abs((await page.evaluate(() => Date.now())) - Date.now()) > 8 * 3_600_000, "the clock is wrong");
    await until("the call window is counted down", async () => /^1:(4|5)\d$/.test(await text(page, "countdown")));
    await enter(page);
    await until("the session is counted down", async () => /^9:[45]\d$/.test(await text(page, "session")));
    await order(page, "standing", 1);
  });
}
