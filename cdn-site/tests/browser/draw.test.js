import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { room, seat, situation, text } from "./support/fan.js";
import { face, inspect } from "./support/inspect.js";
import { stage, test } from "./support/stage.js";
import { until } from "./support/until.js";

const soon = (/** @type {number} */ seconds) => new Date(Date.now() + seconds * 1000).toISOString();

const at = stage(
  () => [
    { id: "drawn", admission_rate_per_minute: 60, opens_at: soon(-60), on_sale_at: soon(26) },
    { id: "opening", admission_rate_per_minute: 60, opens_at: soon(10), on_sale_at: soon(3600) },
    { id: "distant", opens_at: soon(3 * 86_400), on_sale_at: soon(4 * 86_400) },
  ],
  ["--tick-ms", "250"],
);

test("a page opened before the queue opens counts down, and opens by itself", async () => {
  const page = await (await at.visitor()).open(room("opening"));
  await situation(page, "not-open");
  assert.match(await text(page, "countdown"), /^0:\d\d$/);
  await situation(page, "outside", 30_000);
  await page.getByTestId("join").click();
  await situation(page, "prequeue");
});

test("before the sale everybody enters one draw, which one click checks and which a forged seed fails", async () => {
  const crowd = await at.crowd("drawn", 40);
  const page = await (await at.visitor()).open("/");
  assert.equal(await page.getByTestId("event-drawn").getAttribute("data-phase"), "prequeue");
  await page.getByTestId("event-drawn").getByTestId("open").click();
  await situation(page, "prequeue");
  assert.equal(await text(page, "state"), "You are in the draw");
  assert.match(await text(page, "countdown"), /^0:\d\d$/);
  const { ticket, place: before } = await seat(page);
  assert.equal(before, "drawn at the start of the sale");
  const commitment = await text(page, "commitment");
  assert.match(commitment, /^[0-9a-f]{64}$/);
  assert.equal(await page.getByTestId("seed").isVisible(), false, "the seed is not out before the draw");
  await inspect(page);

  await situation(page, ["waiting", "next", "called"], 40_000);
  const seed = Buffer.from(await text(page, "seed"), "hex");
  assert.equal(createHash("sha256").update(seed).digest("hex"), commitment, "the seed is the one that was sealed");
  const digest = createHmac("sha256", seed).update(Buffer.from(ticket, "base64url")).digest();
  assert.equal((await seat(page)).place, String(digest.readBigUInt64BE() >> 14n));

  await page.getByTestId("check-draw").click();
  await page.locator('[data-testid="draw-verdict"][data-right="true"]').waitFor();
  await face(page, "waiting-draw-checked");

  await page.route("**/board", async (route) => {
    const response = await route.fetch();
    const forged = await response.json();
    forged.draw.seed = "00".repeat(32);
    await route.fulfill({ response, json: forged });
  });
  await page.reload();
  await page.getByTestId("check-draw").click();
  await page.locator('[data-testid="draw-verdict"][data-right="false"]').waitFor();
  await face(page, "waiting-draw-forged");

  const { data: board } = await at.program.call("GET", "v1/events/drawn/board");
  const places = new Set((await meOf(crowd)).map(({ place }) => place));
  assert.equal(places.size, 40);
  const late = await at.crowd("drawn", 1);
  assert.ok(late.seats[0].place > Math.max(...places), "who comes after the start comes after the draw");
  assert.equal(board.draw.commitment, commitment);
});

test("an event that opens in days says when, and takes nobody yet", async () => {
  const page = await (await at.visitor()).open(room("distant"));
  await situation(page, "not-open");
  assert.equal(await text(page, "countdown"), "3 days");
  assert.equal(await page.getByTestId("join").isVisible(), false);
  await inspect(page);
  await page.goto("/");
  assert.match(await page.getByTestId("event-distant").getByTestId("phase").innerText(), /^Opens /);
  await inspect(page);
});

/** @param {import("./support/crowd.js").Crowd} crowd */
function meOf(crowd) {
  return Promise.all(
    crowd.seats.map(async ({ queue_token: token }) => (await at.program.call("GET", "v1/events/drawn/queue/me", { token })).data),
  );
}
