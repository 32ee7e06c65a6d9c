/** What a fan does on the pages, and reads there. */
import assert from "node:assert/strict";

/** @typedef {import("playwright-core").Page} Page */

/** @param {string} event */
export const room = (event) => `/waiting-room.html?event=${event}`;

/** A called fan may find the door busy, or come a moment early: the browser reports the status of both. */
export const BUSY_DOOR = /status of (425|429) .*\/admission\)/;
export const NO_SERVER = /net::ERR_(CONNECTION_(REFUSED|RESET|CLOSED)|EMPTY_RESPONSE|INCOMPLETE_CHUNKED_ENCODING|SOCKET_NOT_CONNECTED)/;

/** @param {Page} page @param {string|string[]} situations @param {number} [timeout] */
export async function situation(page, situations, timeout) {
  const any = [situations].flat().map((name) => `[data-testid="sign"][data-situation="${name}"]`).join(", ");
  await page.locator(any).waitFor({ timeout });
}

/** @param {Page} page @param {string} testId */
export function text(page, testId) {
  return page.getByTestId(testId).innerText();
}

/** @param {Page} page @param {string} testId */
export function shown(page, testId) {
  return page.getByTestId(testId).waitFor();
}

/** The people ahead, as soon as a board knows this place. @param {Page} page */
export async function people(page) {
  await page.locator('[data-testid="ahead"]:visible').waitFor();
  return Number((await text(page, "ahead")).replaceAll(/\D/g, ""));
}

/** @param {Page} page @returns {Promise<{ticket: string, place: string}>} */
export async function seat(page) {
  // The panel is folded; its text is there all the same.
  const [ticket, place] = await Promise.all(["ticket", "place"].map((id) => page.getByTestId(id).textContent()));
  assert.match(ticket ?? "", /^[\w-]{22}$/);
  return { ticket: ticket ?? "", place: place ?? "" };
}

/** Joins on an event's page. @param {import("./stage.js").Visitor} visitor @param {string} event */
export async function join(visitor, event) {
  const page = await visitor.open(room(event));
  await page.getByTestId("join").click();
  return page;
}

/** From being called to the form of the shop. @param {Page} page @param {number} [timeout] */
export async function enter(page, timeout = 30_000) {
  await situation(page, "called", timeout);
  await page.getByTestId("enter").click();
  await page.waitForURL(/\/checkout\.html/);
  await shown(page, "order-form");
}

/** @param {Page} page @param {string} offer @param {number} quantity */
export async function choose(page, offer, quantity) {
  for (let n = 0; n < quantity; n += 1) await page.getByTestId(`more-${offer}`).click();
  await page.getByTestId("name").fill("Inês Duarte");
  await page.getByTestId("email").fill("ines@example.org");
}

/** @param {Page} page @param {string} offer @param {number} quantity @param {"confirmed"|"refused"} end */
export async function order(page, offer, quantity, end = "confirmed") {
  await choose(page, offer, quantity);
  await page.getByTestId("submit").click();
  await page.waitForURL(/\/order\.html/);
  await page.locator(`[data-testid="receipt"][data-state="${end}"]`).waitFor();
}

/**
 * Holds answers back, so that a state that lasts a moment can be looked at.
 *
 * @param {Page} page @param {string} pattern
 */
export async function hold(page, pattern) {
  let release = () => {};
  const released = new Promise((resolve) => {
    release = () => resolve(undefined);
  });
  await page.route(pattern, async (route) => {
    await released;
    await route.continue().catch(() => {});
  });
  return async () => {
    release();
    await page.unroute(pattern);
  };
}

/** Writes down every number of people ahead that the page shows. @param {Page} page */
export async function recordAhead(page) {
  await page.evaluate(() => {
    const figure = document.getElementById("ahead");
    const note = () => {
      const seen = Number(figure.textContent.replaceAll(/\D/g, ""));
      if (!figure.hidden && figure.textContent !== "" && seen !== globalThis.aheadSeen.at(-1)) globalThis.aheadSeen.push(seen);
    };
    globalThis.aheadSeen = [];
    note();
    new MutationObserver(note).observe(figure, { childList: true, characterData: true, subtree: true, attributes: true });
  });
  return () => page.evaluate(() => /** @type {number[]} */ (globalThis.aheadSeen));
}

/**
 * Writes down everything that a screen reader is told by the page's live regions, from the first script on.
 *
 * @param {Page} page not opened yet
 */
export async function recordSpoken(page) {
  await page.addInitScript(() => {
    globalThis.spoken = [];
    const watch = () => {
      for (const region of document.querySelectorAll('[role="status"], [role="alert"], [aria-live="polite"], [aria-live="assertive"]')) {
        const note = () => {
          const text = region.textContent?.trim() ?? "";
          if (text !== "") globalThis.spoken.push(text);
        };
        new MutationObserver(note).observe(region, { childList: true, characterData: true, subtree: true });
      }
    };
    document.addEventListener("DOMContentLoaded", watch);
  });
  return () => page.evaluate(() => /** @type {string[]} */ (globalThis.spoken));
}
