/** For everybody: by keyboard alone, enlarged, in forced colours, without motion, on a slow line, and with hostile texts. */
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { BUSY_DOOR, choose, enter, join, people, room, shown, situation, text } from "./support/fan.js";
import { inspect, overflowing, picture, violations } from "./support/inspect.js";
import { stage, test } from "./support/stage.js";
import { until } from "./support/until.js";

const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>{count}"'&amp;`;

const at = stage(
  () => [
    { id: "plain", name: "Quartet in the chapel" },
    { id: "queue", admission_rate_per_minute: 60 },
    {
      id: "hostile",
      name: HOSTILE,
      venue: HOSTILE,
      offers: [{ id: "standing", name: HOSTILE, price_cents: 4500, currency: "EUR", stock: 50, max_per_order: 4 }],
    },
    {
      id: "long",
      name: "Donaudampfschifffahrtsgesellschaftskapitänswitwenball mit der Philharmonie",
      venue: "Grande Auditório do Centro Cultural e de Congressos da Região Autónoma, Ponta Delgada",
      offers: [{ id: "box", name: "Camarote presidencial com acesso à recepção de honra", price_cents: 1_234_500, currency: "EUR", stock: 12_000, max_per_order: 10 }],
    },
  ],
  ["--tick-ms", "250"],
);

test("the whole way by keyboard alone, and always to be seen where one is", async () => {
  const page = await (await at.visitor({ expects: [BUSY_DOOR] })).open("/");
  await shown(page, "event-plain");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.className), "skip", "past the header in one step");

  await reach(page, '[data-testid="event-plain"] [data-testid="open"]');
  await page.keyboard.press("Enter");
  await situation(page, "called");
  await reach(page, "#leave");
  await page.keyboard.press("Enter");
  await shown(page, "leave-dialog");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "leave-no", "what harms nobody comes first");
  await page.keyboard.press("Escape");
  await page.getByTestId("leave-dialog").waitFor({ state: "hidden" });
  assert.equal(await page.evaluate(() => document.activeElement?.id), "leave");
  await reach(page, "#place-panel summary");
  await page.keyboard.press("Enter");
  assert.match(await text(page, "ticket"), /^[\w-]{22}$/);
  await page.reload();
  await situation(page, "called");
  await reach(page, "#enter");
  await page.keyboard.press("Enter");

  await page.waitForURL(/\/checkout\.html/);
  await shown(page, "order-form");
  await reach(page, "#submit");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "quantity-standing", "to the first that is missing");
  await page.keyboard.type("2");
  await reach(page, "#name");
  await page.keyboard.type("Inês Duarte");
  await reach(page, "#email");
  await page.keyboard.type("ines@example.org");
  await page.keyboard.press("Enter");
  await page.locator('[data-testid="receipt"][data-state="confirmed"]').waitFor();
  assert.equal(await text(page, "order-total"), "€90.00");
  await reach(page, "#print");
});

/**
 * Tabs until the element has the focus, which has to be visible, in view, and under nothing, at each stop.
 *
 * @param {import("playwright-core").Page} page @param {string} selector
 */
async function reach(page, selector) {
  for (let stops = 0; stops < 40; stops += 1) {
    await page.keyboard.press("Tab");
    const here = await page.evaluate((wanted) => {
      const element = document.activeElement;
      if (element === null || element === document.body) return { there: false, blind: "" };
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const { left, top, width, height } = element.getBoundingClientRect();
      const at = document.elementFromPoint(left + width / 2, top + Math.min(height / 2, 12));
      const seen = at !== null && (element.contains(at) || at.contains(element));
      const marked = outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2;
      return { there: element.matches(wanted), blind: seen && marked ? "" : `${element.outerHTML.slice(0, 120)} seen: ${seen}, marked: ${marked}` };
    }, selector);
    assert.equal(here.blind, "", "the focus can be seen");
    if (here.there) return;
  }
  assert.fail(`${selector} is not reached by keyboard`);
}

test("at 200 % nothing is lost and nothing has to be scrolled sideways", async () => {
  // What a window of 1280 by 800 is to a page that is enlarged to twice its size.
  const visitor = await at.visitor({ viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 });
  const page = await visitor.open("/");
  await shown(page, "event-long");
  assert.deepEqual(await overflowing(page), []);
  await page.goto(room("long"));
  await page.getByTestId("join").click();
  await situation(page, "called");
  assert.deepEqual(await overflowing(page), []);
  await page.getByTestId("enter").scrollIntoViewIfNeeded();
  await enter(page);
  assert.deepEqual(await overflowing(page), []);
  await page.getByTestId("quantity-box").fill("10");
  await page.getByTestId("submit").focus();
  const covered = await page.evaluate(() => {
    const { left, top, width, height } = /** @type {HTMLElement} */ (document.activeElement).getBoundingClientRect();
    return !document.activeElement?.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  });
  assert.equal(covered, false, "the clock that stays in view does not lie on the button");
});

test("long names and large sums fit, on every screen and in Portuguese", async () => {
  const visitor = await at.visitor({ locale: "pt-PT" });
  const page = await join(visitor, "long");
  await situation(page, "called");
  await inspect(page);
  await picture(page, "long-called");
  await enter(page);
  await page.getByTestId("quantity-box").fill("10");
  await page.getByTestId("name").fill("Maria da Conceição Albuquerque de Vasconcelos e Sousa-Holstein");
  await page.getByTestId("email").fill("maria.da.conceicao.albuquerque.de.vasconcelos@correio.exemplo.pt");
  await inspect(page);
  await picture(page, "long-checkout");
  await page.getByTestId("submit").click();
  await page.locator('[data-testid="receipt"][data-state="confirmed"]').waitFor();
  await inspect(page);
  await picture(page, "long-order");
});

test("in forced colours the sign has an edge, the line a beginning and an end, and the states can be told apart", async () => {
  await at.crowd("queue", 60);
  const visitor = await at.visitor({ forcedColors: "active", expects: [BUSY_DOOR] });
  const page = await join(visitor, "queue");
  await situation(page, "waiting");
  await people(page);
  const drawn = await page.evaluate(() => {
    const style = (/** @type {string} */ selector) => getComputedStyle(document.querySelector(selector) ?? document.body);
    const canvas = style("body").backgroundColor;
    const visible = (/** @type {string} */ selector) =>
      style(selector).backgroundColor !== canvas || (style(selector).borderStyle !== "none" && style(selector).borderWidth !== "0px");
    return Object.fromEntries([".sign", ".line-done", ".line-you", ".line-door"].map((selector) => [selector, visible(selector)]));
  });
  assert.deepEqual(drawn, { ".sign": true, ".line-done": true, ".line-you": true, ".line-door": true });
  await picture(page, "forced-colours");
});

test("without a wish for motion nothing moves", async () => {
  const page = await join(await at.visitor({ reducedMotion: "reduce" }), "queue");
  await situation(page, ["waiting", "next", "called"]);
  const moving = () => page.evaluate(() => document.getAnimations().length);
  assert.equal(await moving(), 0);
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await until("it moves for who likes it", async () => (await page.getByTestId("sign").getAttribute("data-situation")) !== "waiting" || (await moving()) > 0);
});

test("a first load is below 60 kB compressed and asks nobody else", async () => {
  for (const [path, ready] of [["/", "event-plain"], [room("plain"), "join"], [`${room("queue")}&lang=pt`, "join"]]) {
    const visitor = await at.visitor();
    const page = await visitor.context.newPage();
    /** @type {Promise<[string, number]>[]} */
    const sizes = [];
    page.on("response", (response) => {
      // As a CDN sends it: text is compressed by gzip at its usual level, whatever the program itself does.
      sizes.push(response.body().then((body) => [new URL(response.url()).pathname, gzipSync(body, { level: 6 }).length]));
    });
    await page.goto(path);
    await shown(page, ready);
    await page.waitForLoadState("networkidle");
    const loaded = await Promise.all(sizes);
    const total = loaded.reduce((sum, [, size]) => sum + size, 0);
    assert.ok(loaded.length > 10, "the whole page was counted");
    assert.ok(total < 60_000, `${path}: ${total} bytes in ${loaded.length} answers: ${JSON.stringify(loaded)}`);
    console.log(`# ${path}: ${(total / 1000).toFixed(1)} kB in ${loaded.length} answers`);
  }
});

test("what people write is shown as they wrote it, and never becomes markup", async () => {
  const visitor = await at.visitor();
  const home = await visitor.open("/");
  await shown(home, "event-hostile");
  assert.equal(await home.getByTestId("event-hostile").getByRole("heading").innerText(), HOSTILE);
  await harmless(home);

  await at.program.set("hostile", { mode: "pause", message: HOSTILE });
  const page = await join(visitor, "hostile");
  await situation(page, "paused");
  assert.equal(await text(page, "event-name"), HOSTILE);
  assert.equal(await page.locator("#message").innerText(), HOSTILE);
  await harmless(page);
  await at.program.set("hostile", { mode: "admit" });
  await enter(page);
  await choose(page, "standing", 1);
  await page.getByTestId("name").fill(HOSTILE.slice(0, 100));
  await harmless(page);
  await page.getByTestId("submit").click();
  await page.locator('[data-testid="receipt"][data-state="confirmed"]').waitFor();
  assert.ok((await text(page, "order-for")).startsWith(HOSTILE.slice(0, 100)));
  assert.ok((await text(page, "order-lines")).includes(HOSTILE));
  await harmless(page);
  for (const path of ["order.html", "checkout.html", "waiting-room.html"]) {
    await page.goto(`/${path}?event=${encodeURIComponent(HOSTILE)}&order=${encodeURIComponent(HOSTILE)}#pass=${encodeURIComponent(HOSTILE)}`);
    await page.getByRole("heading").first().waitFor();
    await harmless(page);
  }
});

/** @param {import("playwright-core").Page} page */
async function harmless(page) {
  assert.doesNotMatch(await page.title(), /^owned$/);
  const foreign = await page.evaluate(() => [...document.querySelectorAll("img[src='x'], script:not([src]), [onerror]")].map((element) => element.outerHTML));
  assert.deepEqual(foreign, []);
}

test("a confirmation prints on one page, black on white, without what is for the screen", async () => {
  const page = await join(await at.visitor({ colorScheme: "dark" }), "plain");
  await enter(page);
  await choose(page, "standing", 2);
  await page.getByTestId("submit").click();
  await page.locator('[data-testid="receipt"][data-state="confirmed"]').waitFor();
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  for (const hidden of [".masthead-nav", ".foot", ".skip", "#print"]) assert.equal(await page.locator(hidden).isVisible(), false, hidden);
  const colours = await page.evaluate(() => {
    const head = getComputedStyle(/** @type {Element} */ (document.querySelector(".receipt-head")));
    return [getComputedStyle(document.body).backgroundColor, head.color, head.backgroundColor];
  });
  assert.deepEqual(colours, ["rgb(255, 255, 255)", "rgb(0, 0, 0)", "rgba(0, 0, 0, 0)"]);
  assert.deepEqual(await violations(page), []);
  const pdf = (await page.pdf({ format: "A4" })).toString("latin1");
  assert.equal(pdf.match(/\/Type\s*\/Page\b/g)?.length, 1);
  await page.setViewportSize({ width: 794, height: 1123 });
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/order-printed.png` });
});
