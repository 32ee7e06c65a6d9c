import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after } from "node:test";
import { room, situation, text } from "./support/fan.js";
import { inspect, picture } from "./support/inspect.js";
import { inspectCopy, plain } from "./support/plain.js";
import { stage, test } from "./support/stage.js";

/** What somebody puts beside the program to add a language and dress an event: a file each, and a logo. */
const folder = mkdtempSync(path.join(tmpdir(), "site-"));
after(() => rmSync(folder, { recursive: true }));
const add = (/** @type {string} */ file, /** @type {string} */ text) => {
  mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  writeFileSync(path.join(folder, file), text);
};
const english = JSON.parse(readFileSync(new URL("../../messages/en.json", import.meta.url), "utf8"));
const LTR = "\u2066";
add(
  "messages/he.json",
  JSON.stringify({
    ...Object.fromEntries(Object.entries(english).map(([key, text]) => [key, typeof text === "string" ? `${LTR}${text}\u2069` : text])),
    "language.name": "עברית",
    "language.direction": "rtl",
    "home.title": "למכירה עכשיו",
    "home.left": { one: "נשאר {count}", two: "נשארו {count} בדיוק", other: "נשארו {count}" },
    "intro.lead": "מקום אחד לכל אחד.",
  }),
);
add("assets/arena.svg", '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="16" fill="#0b6b3a"/></svg>');
add(
  "themes/aurora.json",
  JSON.stringify({
    name: "Arena Porto",
    logo: "/assets/arena.svg",
    colours: { go: "#8fe3c0", "go-ink": "#0b1f18" },
    texts: { en: { "offers.title": "At the Arena" }, pt: { "offers.title": "Na Arena" } },
  }),
);

const PAIR = [{ id: "seat", name: "Seat", price_cents: 123450, currency: "EUR", stock: 2, max_per_order: 2 }];
const at = stage(() => [{ id: "aurora" }, { id: "matinee", name: "Matinée", offers: PAIR }], ["--tick-ms", "250", "--site", folder]);

test("a language is added by a file: the pages speak it, in its direction and plural forms", async () => {
  const visitor = await at.visitor({ locale: "he-IL" });
  const page = await visitor.open("/");
  await page.getByTestId("event-matinee").waitFor();
  const html = page.locator("html");
  assert.deepEqual([await html.getAttribute("lang"), await html.getAttribute("dir")], ["he", "rtl"]);
  assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "למכירה עכשיו");
  assert.match(await page.getByTestId("event-matinee").innerText(), /נשארו 2 בדיוק/);
  assert.deepEqual(await page.locator("#languages a").allInnerTexts(), ["English", "עברית", "Português"]);
  await inspect(page);
  await picture(page, "language-added");
  await page.locator('#languages a[lang="pt"]').click();
  await page.getByTestId("event-matinee").waitFor();
  assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "À venda");
});

test("without JavaScript too", async () => {
  const page = await (await at.visitor({ ...plain, locale: "he-IL" })).open("/basic/");
  const html = page.locator("html");
  assert.deepEqual([await html.getAttribute("lang"), await html.getAttribute("dir")], ["he", "rtl"]);
  assert.equal(await page.getByRole("heading", { level: 1 }).innerText(), "למכירה עכשיו");
  await inspectCopy(at, page, "language-added-basic");
});

test("without JavaScript the pages speak Portuguese to who prefers it, prices, numbers and plurals included", async () => {
  const visitor = await at.visitor({ ...plain, locale: "pt-PT" });
  const page = await visitor.open("/basic/matinee");
  assert.equal(await page.locator("html").getAttribute("lang"), "pt");
  assert.match(await page.getByTestId("offer-seat").innerText(), /1234,50\s€\s+2$/);
  await page.getByTestId("join").click();
  assert.equal(await text(page, "state"), "É a sua vez");
  assert.equal(await text(page, "enter"), "Entrar na loja");
  await inspectCopy(at, page, "basic-called-pt");
  await page.getByTestId("enter").click();
  await inspectCopy(at, page, "basic-checkout-pt");
  await page.getByTestId("name").fill("Inês");
  await page.getByTestId("email").fill("ines@example.org");
  await page.getByTestId("review").click();
  assert.equal(await text(page, "lines-error"), JSON.parse(readFileSync(new URL("../../messages/pt.json", import.meta.url), "utf8"))["checkout.choose_one"]);
  visitor.faults.clear();
  await inspectCopy(at, page, "basic-complaints-pt");
  await page.getByTestId("quantity-seat").fill("2");
  await page.getByTestId("review").click();
  assert.equal((await text(page, "total")).replaceAll(/\s/g, " "), "2469,00 €");
  await inspectCopy(at, page, "basic-review-pt");
});

test("a language chosen on a page without JavaScript is kept, and goes before what the browser wishes", async () => {
  const page = await (await at.visitor(plain)).open("/basic/matinee");
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  await page.locator('.languages a[lang="pt"]').click();
  assert.equal(await page.locator("html").getAttribute("lang"), "pt");
  await page.getByTestId("join").click();
  assert.equal(await text(page, "state"), "É a sua vez");
});

test("the answer says in which language it is and what it depends on", async () => {
  const { headers } = await fetch(new URL("basic/aurora", at.program.home), { headers: { "Accept-Language": "pt" } });
  assert.equal(headers.get("content-language"), "pt");
  assert.match(headers.get("vary") ?? "", /Accept-Language/);
  assert.equal(headers.get("cache-control"), "private, no-store");
});

test("a theme is added by a file: name, logo, colours and texts, with JavaScript and without", async () => {
  for (const [options, address] of /** @type {const} */ ([[{}, room("aurora")], [plain, "/basic/aurora"]])) {
    const page = await (await at.visitor(options)).open(address);
    if (address === room("aurora")) await situation(page, "outside");
    await page.locator('.brand img[src="/assets/arena.svg"]').waitFor();
    assert.equal(await page.locator(".brand").innerText(), "Arena Porto");
    assert.match(await page.getByRole("main").innerText(), /At the Arena\nOffer/);
    await page.getByTestId("join").click();
    const sign = page.locator('[data-testid="sign"][data-situation="called"]');
    await sign.waitFor();
    assert.equal(await sign.evaluate((element) => getComputedStyle(element).backgroundColor), "rgb(143, 227, 192)");
    if (address === "/basic/aurora") await inspectCopy(at, page, "theme-basic");
    else {
      await inspect(page);
      await picture(page, "theme");
    }
  }
  const page = await (await at.visitor(plain)).open("/basic/matinee");
  assert.equal(await page.locator(".brand").innerText(), "Waiting Room");
});

test("a page asks for each file once, and in no language but English and the fan's", async () => {
  for (const [locale, wanted] of /** @type {const} */ ([["en-GB", ["en"]], ["pt-PT", ["en", "pt"]]])) {
    const visitor = await at.visitor({ locale });
    /** @type {string[]} */
    const asked = [];
    visitor.context.on("request", (request) => asked.push(new URL(request.url()).pathname));
    const page = await visitor.open(room("aurora"));
    await situation(page, "outside");
    const files = asked.filter((file) => !file.startsWith("/v1/"));
    assert.deepEqual(files.filter((file, n) => files.indexOf(file) !== n), [], locale);
    const spoken = files.flatMap((file) => file.match(/^\/messages\/(.+)\.json$/)?.[1] ?? []);
    assert.deepEqual(spoken.sort(), wanted);
  }
});
