/** One program and one browser for a test file, and a watch over everything that its pages do. */
import assert from "node:assert/strict";
import nodeTest, { after, afterEach, before } from "node:test";
import { chromium } from "playwright-core";
import { Crowd } from "./crowd.js";
import { Program } from "./program.js";

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A walk that hangs must fail, and not hold up everything after it. */
const LONGEST_MS = 90_000;

/** @param {string} name @param {() => Promise<void>} walk */
export function test(name, walk) {
  nodeTest(name, { timeout: LONGEST_MS }, walk);
}

/**
 * @typedef {import("playwright-core").Page} Page
 * @typedef {import("playwright-core").BrowserContext} Context
 */

/**
 * @param {() => object[]} events made when the program starts, because some begin some seconds later
 * @param {string[]} [flags]
 */
export function stage(events, flags) {
  /** @type {Visitor[]} */
  let visitors = [];
  /** @type {Crowd[]} */
  let crowds = [];
  const at = {
    /** @type {Program} */ program: /** @type {any} */ (null),
    /** @type {import("playwright-core").Browser} */ browser: /** @type {any} */ (null),

    /**
     * Somebody with a browser of their own: nothing that others have stored or were told.
     *
     * @param {import("playwright-core").BrowserContextOptions & {expects?: RegExp[]}} [options] `expects` are complaints
     *   of the browser that belong to the walk, such as the status of a refused request
     */
    async visitor({ expects = [], ...options } = {}) {
      const context = await at.browser.newContext({
        baseURL: at.program.home,
        viewport: { width: 1280, height: 800 },
        locale: "en-GB",
        timezoneId: "Europe/Lisbon",
        reducedMotion: "reduce",
        ...options,
      });
      context.setDefaultTimeout(20_000);
      const visitor = new Visitor(context, at.program, expects);
      visitors.push(visitor);
      return visitor;
    },

    /**
     * People in the queue, of whom the first `coming` go to the door when they are called.
     *
     * @param {string} event @param {number} count @param {number} [coming]
     */
    async crowd(event, count, coming = 0) {
      const crowd = new Crowd(at.program, event);
      crowds.push(crowd);
      await crowd.join(count);
      crowd.come(coming);
      return crowd;
    },

    /** Somebody else buys. @param {string} event @param {{offer: string, quantity: number}[]} lines */
    async buy(event, lines) {
      const crowd = await at.crowd(event, 1);
      const { status } = await at.program.call("POST", "v1/orders", {
        token: String(await crowd.enter(crowd.seats[0])),
        headers: { "Idempotency-Key": "other" },
        body: { lines, name: "Other", email: "other@example.org" },
      });
      assert.equal(status, 202);
    },
  };

  before(async () => {
    // One that did not start must not keep the other from being ended.
    const started = await Promise.allSettled([
      Program.start(events(), flags).then((program) => (at.program = program)),
      chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ARGS }).then((browser) => (at.browser = browser)),
    ]);
    for (const one of started) if (one.status === "rejected") throw one.reason;
  });
  afterEach(async () => {
    const leaving = visitors;
    const going = crowds;
    visitors = [];
    crowds = [];
    await Promise.all([...leaving.map(({ context }) => context.close()), ...going.map((crowd) => crowd.goHome())]);
    for (const { faults } of leaving) assert.deepEqual([...faults], [], "the pages did what they must not do");
  });
  after(async () => {
    await at.browser?.close();
    await at.program?.stop();
  });
  return at;
}

export class Visitor {
  /** @param {Context} context @param {Program} program @param {RegExp[]} expects */
  constructor(context, program, expects) {
    this.context = context;
    this.program = program;
    this.expects = expects;
    /** @type {Set<string>} */
    this.faults = new Set();
    context.on("page", (page) => this.watch(page));
    context.on("request", (request) => {
      const { protocol, origin } = new URL(request.url());
      if (/^https?:$/.test(protocol) && origin !== new URL(program.home).origin) this.fault(`asks elsewhere: ${request.url()}`);
    });
  }

  /** @param {Page} page */
  watch(page) {
    // What the Content-Security-Policy blocks is an error on the console too.
    page.on("console", (message) => {
      if (message.type() === "error") this.fault(`console: ${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => this.fault(`script: ${error.stack}`));
    page.on("crash", () => this.fault("the page crashed"));
  }

  /** @param {string} text */
  fault(text) {
    if (!this.expects.some((pattern) => pattern.test(text))) this.faults.add(text);
  }

  /** @param {string} path */
  async open(path) {
    const page = await this.context.newPage();
    await page.goto(path);
    return page;
  }
}
