/** What an operator does on the console, and reads there. */

/** @typedef {import("playwright-core").Page} Page */

/** The console asks whether this browser is signed in, and a browser reports a "no" as an error of its own. */
export const SIGNED_OUT = /status of 401 .*\/v1\/operator\//;

/** @param {Page} page */
export async function live(page) {
  await page.locator('[data-testid="connection"][data-state="live"]').waitFor();
}

/**
 * @param {import("./stage.js").Visitor} visitor who must expect {@link SIGNED_OUT}
 * @param {string} credential
 * @param {{event?: string, name?: string}} [options]
 */
export async function signIn(visitor, credential, { event = "aurora", name = "" } = {}) {
  const page = await visitor.open(`/console.html?event=${event}`);
  await page.getByTestId("credential").fill(credential);
  await page.getByTestId("operator-name").fill(name);
  await page.getByTestId("sign-in-submit").click();
  await live(page);
  return page;
}

/** A figure in the sign, as a number. @param {Page} page @param {string} name */
export async function figure(page, name) {
  const text = await page.getByTestId(`figure-${name}`).innerText();
  return Number(text.replaceAll(/\D/g, "") || Number.NaN);
}

/**
 * Lets a page's stream tell other figures than the server's, for what one machine alone does not show.
 *
 * @param {import("./stage.js").Visitor} visitor whose pages are not open yet
 */
export async function alterFigures(visitor) {
  await visitor.context.addInitScript(() => {
    globalThis.otherFigures = {};
    const { addEventListener } = EventSource.prototype;
    EventSource.prototype.addEventListener = function (/** @type {string} */ type, /** @type {any} */ listener) {
      const heard = (/** @type {any} */ event) => listener({ data: JSON.stringify({ ...JSON.parse(event.data), ...globalThis.otherFigures }) });
      addEventListener.call(this, type, type === "figures" ? heard : listener);
    };
  });
  return (/** @type {Page} */ page, /** @type {object} */ figures) => page.evaluate((other) => void (globalThis.otherFigures = other), figures);
}
