/** Looking at pages without JavaScript. */
import assert from "node:assert/strict";
import { inspect, picture } from "./inspect.js";
import { until } from "./until.js";

/** @typedef {import("playwright-core").Page} Page */

/** A visitor whose browser runs no scripts. */
export const plain = { javaScriptEnabled: false };

/** Where the pages of a browser are copied to. @type {WeakMap<import("playwright-core").BrowserContext, Page>} */
const copies = new WeakMap();

/** What the page shows; one that is just asking again by itself shows nothing. @param {Page} page */
export function htmlOf(page) {
  return until("the page stands still", () => page.content().catch(() => ""));
}

/**
 * Without JavaScript in the page the inspection can't run either, and a page that reloads itself doesn't hold still for
 * it; so it looks at a copy. That the page reloads itself is allowed to it: a queue happens in real time.
 *
 * @param {ReturnType<typeof import("./stage.js").stage>} at
 * @param {Page} page
 * @param {string} [name] of pictures to take
 * @param {import("./inspect.js").Look[]} [looks]
 */
export async function inspectCopy(at, page, name, looks) {
  const html = await htmlOf(page);
  const address = page.url();
  const rendered = new URL(address).pathname.startsWith("/basic/");
  if (rendered) assert.doesNotMatch(html, /<script/);
  const copy = copies.get(page.context()) ?? (await (await at.visitor()).context.newPage());
  copies.set(page.context(), copy);
  await copy.route(address, (route) => route.fulfill({ contentType: "text/html; charset=utf-8", body: still(html) }));
  await copy.goto(address);
  await inspect(copy);
  if (name) await picture(rendered ? copy : page, name, looks);
  await copy.unroute(address);
}

/** The same for a browser that does run scripts, and made to stay as it is. @param {string} html */
function still(html) {
  return html
    .replace(/<meta http-equiv="refresh"[^>]*>/, "")
    .replaceAll(/<script[^>]*><\/script>/g, "")
    .replaceAll(/<(\/?)noscript>/g, "<$1div>")
    .replace("</head>", "<style>.needs-script { display: none !important; }</style></head>");
}
