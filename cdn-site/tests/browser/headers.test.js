import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { inspect } from "./support/inspect.js";
import { stage, test } from "./support/stage.js";
import { until } from "./support/until.js";

const HOSTILE = `<img src=x onerror="globalThis.ran=1"><script>globalThis.ran=1</script>"'>{{7*7}}`;

const at = stage(
  () => [
    { id: "aurora-live" },
    {
      id: "hostile",
      name: `Event ${HOSTILE}`,
      venue: `Venue ${HOSTILE}`,
      offers: [{ id: "seat", name: `Seat ${HOSTILE}`, price_cents: 1500, currency: "EUR", stock: 20, max_per_order: 2 }],
    },
  ],
  ["--tick-ms", "250"],
);

const PAGES = ["", "waiting-room.html", "checkout.html", "order.html", "console.html", "nothing-here"];
const RENDERED = ["basic/", "basic/aurora-live", "basic/aurora-live/leave", "basic/aurora-live/checkout", "basic/aurora-live/order", "basic/unknown"];

/** @param {string} path */
async function headersOf(path) {
  return (await fetch(new URL(path, at.program.home), { headers: { Accept: "text/html" } })).headers;
}

/** @param {string} policy */
function rulesOf(policy) {
  return Object.fromEntries(policy.split(";").map((rule) => rule.trim().split(/\s+/)).map(([name, ...values]) => [name, values.join(" ")]));
}

test("every page tells browsers to run nothing foreign and to show it in no frame", async () => {
  for (const path of [...PAGES, ...RENDERED]) {
    const headers = await headersOf(path);
    assert.match(headers.get("content-type") ?? "", /^text\/html/, path);
    const policy = rulesOf(headers.get("content-security-policy") ?? "");
    assert.equal(policy["default-src"], "'none'", path);
    assert.equal(policy["frame-ancestors"], "'none'", path);
    assert.equal(policy["base-uri"], "'none'", path);
    assert.equal(policy["form-action"], "'self'", path);
    assert.doesNotMatch(Object.values(policy).join(" "), /unsafe-|\*|https?:/, path);
    if (RENDERED.includes(path)) assert.equal(policy["script-src"], undefined, `${path} needs no script at all`);
    assert.equal(headers.get("referrer-policy"), "same-origin", path);
    assert.equal(headers.get("x-frame-options"), "DENY", path);
    assert.equal(headers.get("cross-origin-opener-policy"), "same-origin", path);
  }
});

test("the program, the CDN and the cluster's front tell browsers the same of the site's pages", async () => {
  const read = (/** @type {string} */ path) => readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");
  const headers = await headersOf("");
  const policy = rulesOf(headers.get("content-security-policy") ?? "");
  const [, cdn] = read("infra/modules/frontend/functions.tf").match(/content_security_policy = join\("; ", \[(.*?)\]\)/s) ?? [];
  assert.deepEqual(rulesOf([...cdn.matchAll(/"([^"]+)"/g)].map(([, rule]) => rule).join(";")), policy);
  const front = read("docker/front.conf.template");
  assert.deepEqual(rulesOf(front.match(/\^text\/html "([^"]+)"/)?.[1] ?? ""), policy);
  const distribution = read("infra/modules/frontend/main.tf");
  for (const name of ["cross-origin-opener-policy", "permissions-policy", "referrer-policy", "x-frame-options"]) {
    const value = headers.get(name) ?? "";
    assert.ok(value, name);
    assert.ok(front.match(new RegExp(`add_header ${name} "?([^"]+?)"? always;`, "i"))?.[1] === value, `${name} at the front`);
    assert.ok(distribution.includes(`"${value}"`), `${name} at the CDN`);
  }
});

test("every answer tells browsers to guess no types", async () => {
  for (const path of [...PAGES, ...RENDERED, "site.json", "messages/en.json", "js/api.js", "styles/base.css", "assets/logo.svg", "v1/events", "v1/events/unknown", ".well-known/jwks.json"]) {
    assert.equal((await headersOf(path)).get("x-content-type-options"), "nosniff", path);
  }
});

test("cookies of a fan who came by https never travel without it", async () => {
  const joined = async (/** @type {Record<string, string>} */ headers) => {
    const answer = await fetch(new URL("basic/aurora-live/join", at.program.home), { method: "POST", headers, redirect: "manual" });
    assert.equal(answer.status, 303);
    return answer.headers.getSetCookie().filter((cookie) => cookie.startsWith("wr_queue_"));
  };
  for (const header of ["X-Forwarded-Proto", "CloudFront-Forwarded-Proto"]) {
    const [cookie] = await joined({ [header]: "https" });
    assert.match(cookie, /; Secure/, header);
    assert.match(cookie, /; HttpOnly/, header);
  }
  const [cookie] = await joined({ "X-Forwarded-Proto": "http" });
  assert.doesNotMatch(cookie, /Secure/);
});

test("what operators and fans write is shown as they wrote it, and never run, on the pages that the server renders", async () => {
  await at.program.set("hostile", { message: HOSTILE });
  const visitor = await at.visitor({ expects: [/status of 422/] });
  const page = await visitor.open("/basic/hostile");
  const shown = async (/** @type {string[]} */ ...texts) => {
    const main = await page.getByRole("main").innerText();
    for (const text of texts) assert.ok(main.includes(text), `${text} in ${main}`);
    assert.equal(await page.evaluate(() => Reflect.has(globalThis, "ran")), false);
    assert.equal(await page.locator("script, main img").count(), 0);
  };
  await until("the message is there", async () => {
    await page.reload();
    return page.getByTestId("message").isVisible();
  });
  await shown(`Event ${HOSTILE}`, `Venue ${HOSTILE}`, `Seat ${HOSTILE}`, HOSTILE);
  await page.getByTestId("join").click();
  await page.getByTestId("enter").click();
  await shown(`Event ${HOSTILE}`, `Seat ${HOSTILE}`);
  await page.getByTestId("name").fill(HOSTILE);
  await page.getByTestId("email").fill("ada@example.org");
  await page.getByTestId("review").click();
  await page.getByTestId("lines-error").waitFor();
  await shown(`Event ${HOSTILE}`);
  assert.equal(await page.getByTestId("name").inputValue(), HOSTILE);
  await page.getByTestId("quantity-seat").fill("1");
  await page.getByTestId("review").click();
  await page.getByTestId("total").waitFor();
  await shown(HOSTILE, `Seat ${HOSTILE}`);
  await page.getByTestId("submit").click();
  await until("it is confirmed", async () => (await page.getByTestId("order-state").innerText()) === "Confirmed");
  await shown(HOSTILE, `Seat ${HOSTILE}`);
  await inspect(page);
  await page.goto(`/basic/hostile?lang=${encodeURIComponent('"><script>globalThis.ran=1</script>')}`);
  await shown(`Event ${HOSTILE}`);
});
