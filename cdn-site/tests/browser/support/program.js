/** The program under test: every test file runs one of its own, on a free port and in a directory of its own. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { until } from "./until.js";

const BUILT = fileURLToPath(new URL("../../../../target/release/on-sale", import.meta.url));

export class Program {
  /** @param {object[]} events as {@link eventsFile} takes them @param {string[]} flags */
  static async start(events, flags = []) {
    const program = new Program();
    program.dir = await mkdtemp(path.join(tmpdir(), "on-sale-"));
    program.flags = flags;
    await writeFile(path.join(program.dir, "events.toml"), eventsFile(events));
    await program.run("127.0.0.1:0");
    return program;
  }

  log = "";

  get settingsFile() {
    return path.join(this.dir, "data", "settings.toml");
  }

  /** @param {string} listen */
  async run(listen) {
    this.child = spawn(
      process.env.PROGRAM ?? BUILT,
      [
        ...["--listen", listen, "--data-dir", path.join(this.dir, "data")],
        ...["--events", path.join(this.dir, "events.toml"), "--log-format", "json", ...this.flags],
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    const { child } = this;
    // A test runner that dies must not leave a server behind.
    process.once("exit", () => child.kill("SIGKILL"));
    this.exited = once(child, "exit");
    child.stderr.setEncoding("utf8").on("data", (text) => {
      this.log += text;
    });
    /** @type {Record<string, string>} */
    const told = {};
    for await (const line of createInterface({ input: child.stdout })) {
      const [word, value] = line.trim().split(/\s+/);
      if (word) told[word] = value;
      if (word === "stop") break;
    }
    assert.ok(told.home && told.operator, `the program did not start:\n${this.log}`);
    this.home = told.home;
    this.operator = told.operator;
  }

  /** As a power cut would end it. */
  async kill() {
    this.child.kill("SIGKILL");
    await this.exited;
  }

  async restart() {
    await this.run(new URL(this.home).host);
  }

  async stop() {
    this.child.kill("SIGTERM");
    const [code] = await this.exited;
    await rm(this.dir, { recursive: true, force: true });
    assert.equal(code, 0, `the program ended with ${code}:\n${this.log}`);
    const bad = this.log.split("\n").filter((line) => /"level":"ERROR"|panicked at/.test(line));
    assert.deepEqual(bad, [], "the program logged errors");
  }

  /**
   * @param {string} method
   * @param {string} at path below the home page
   * @param {{token?: string, body?: unknown, headers?: Record<string, string>}} [options]
   */
  async call(method, at, { token, body, headers = {} } = {}) {
    const response = await fetch(new URL(at, this.home), {
      method,
      headers: {
        ...headers,
        ...(token ? { Authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, data: text === "" ? null : JSON.parse(text), headers: response.headers };
  }

  /** @param {string} event @param {Record<string, unknown>} change */
  async set(event, change) {
    const answer = await this.call("PATCH", `v1/operator/events/${event}/settings`, { token: this.operator, body: change });
    assert.equal(answer.status, 200, JSON.stringify(answer.data));
  }

  /** @param {string} event */
  async settings(event) {
    return (await this.call("GET", `v1/operator/events/${event}/settings`, { token: this.operator })).data;
  }

  /** @param {string} event */
  async figures(event) {
    return (await this.call("GET", `v1/operator/events/${event}/figures`, { token: this.operator })).data;
  }

  /** @param {string} event @param {string} offer */
  async stockLeft(event, offer) {
    const { data } = await this.call("GET", `v1/events/${event}`);
    return data.offers.find(({ id }) => id === offer).stock_left;
  }

  /** The catalogue may be a moment old, so it is asked until it tells. @param {string} event @param {string} offer @param {number} left */
  async stockBecomes(event, offer, left) {
    await until(`${left} of ${offer} left`, async () => (await this.stockLeft(event, offer)) === left, 5000);
  }

  /** Writes the settings file as an operator with an editor would. @param {(text: string) => string} edit */
  async editSettings(edit) {
    await writeFile(this.settingsFile, edit(await readFile(this.settingsFile, "utf8")));
  }
}

const EVENT = {
  name: "Aurora, live at the Arena",
  venue: "Arena, Porto",
  starts_at: "2027-06-12T20:00:00Z",
  admission_rate_per_minute: 600,
  max_active_sessions: 2000,
  session_seconds: 600,
  call_window_seconds: 120,
};

const OFFERS = [
  { id: "standing", name: "Standing", price_cents: 4500, currency: "EUR", stock: 5000, max_per_order: 4 },
  { id: "seated", name: "Seated, east stand", price_cents: 6200, currency: "EUR", stock: 1800, max_per_order: 4 },
  { id: "balcony", name: "Balcony box", price_cents: 11000, currency: "EUR", stock: 40, max_per_order: 2 },
];

/** @param {({id: string, offers?: object[]} & Record<string, unknown>)[]} events */
function eventsFile(events) {
  const table = (/** @type {object} */ values) =>
    Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`).join("");
  return events
    .map(({ offers = OFFERS, ...event }) =>
      [`[[event]]\n${table({ ...EVENT, ...event })}`, ...offers.map((offer) => `[[event.offer]]\n${table(offer)}`)].join("\n"),
    )
    .join("\n");
}
