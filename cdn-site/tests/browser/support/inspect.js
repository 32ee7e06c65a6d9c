/** What holds on every page, whatever it shows: usable by everybody, on every screen, by day and by night. */
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";

/** @typedef {import("playwright-core").Page} Page */

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SCHEMES = /** @type {const} */ (["light", "dark"]);
const SIZES = { phone: { width: 390, height: 844 }, desktop: { width: 1280, height: 800 } };
const NARROWEST = { width: 320, height: 640 };

/** @param {Page} page */
export async function inspect(page) {
  const before = page.viewportSize();
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    // Of what axe looks at, only the colours depend on the scheme.
    const rules = colorScheme === SCHEMES[0] ? undefined : ["cat.color"];
    assert.deepEqual(await violations(page, rules), [], `${page.url()} in ${colorScheme}`);
  }
  await page.setViewportSize(NARROWEST);
  assert.deepEqual(await overflowing(page), [], `${page.url()} is wider than ${NARROWEST.width} px`);
  if (before) await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: null });
}

/** @param {Page} page @param {string[]} [tags] of the rules to check; all of them unless told @returns {Promise<string[]>} */
export async function violations(page, tags) {
  // Evaluated and not added as a script element, which the page's own policy would rightly block.
  if (!(await page.evaluate(() => Reflect.has(globalThis, "axe")))) await page.evaluate(AXE);
  return page.evaluate(async (tags) => {
    const runOnly = tags && { type: "tag", values: tags };
    // Axe would fetch every stylesheet and film once more, which serves rules for films and for what is only tried out.
    const fast = { resultTypes: ["violations"], preload: false, selectors: false };
    const result = await globalThis.axe.run(document, { ...fast, ...(runOnly ? { runOnly } : {}) });
    return result.violations.map(
      (/** @type {any} */ { id, help, nodes }) => `${id}: ${help}: ${nodes.map((/** @type {any} */ node) => node.html).join(" ")}`,
    );
  }, tags);
}

/** @param {Page} page @returns {Promise<string[]>} what sticks out of the page to the right, the page first */
export async function overflowing(page) {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const wide = [...document.body.querySelectorAll("*")].filter((element) => element.getBoundingClientRect().right > clientWidth);
    return [`${scrollWidth} > ${clientWidth}`, ...wide.map((element) => element.outerHTML.slice(0, 120))];
  });
}

/** @typedef {[keyof typeof SIZES, typeof SCHEMES[number]]} Look */

/** @type {Look[]} */
const ALL = [
  ["phone", "light"],
  ["phone", "dark"],
  ["desktop", "light"],
  ["desktop", "dark"],
];

/** Each size and each scheme once. @type {Look[]} */
export const TWO = [
  ["phone", "light"],
  ["desktop", "dark"],
];

/**
 * Pictures for people to look at, where the environment says where to.
 *
 * @param {Page} page
 * @param {string} name
 * @param {Look[]} [looks]
 */
export async function picture(page, name, looks = ALL) {
  const dir = process.env.SCREENSHOTS;
  if (!dir) return;
  await mkdir(dir, { recursive: true });
  const before = page.viewportSize();
  for (const [size, colorScheme] of looks) {
    await page.setViewportSize(SIZES[size]);
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: path.join(dir, `${name}-${size}-${colorScheme}.png`), fullPage: true });
  }
  if (before) await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: null });
}

/** A face of a page that is not looked at elsewhere: usable, and pictured. @param {Page} page @param {string} name */
export async function face(page, name) {
  await inspect(page);
  await picture(page, name, TWO);
}
