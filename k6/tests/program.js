// Starts the built program for a test, kills it and starts it again where it was; runs k6 against it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAM = process.env.PROGRAM ?? join(ROOT, "target/release/on-sale");
const K6 = process.env.K6 ?? join(ROOT, ".venv/bin/k6");

/** An events file's event; `fields` are further lines of it. */
export function event({ id = "rehearsal", perMinute, stock = 5000, fields = "" }) {
  return `
[[event]]
id = "${id}"
name = "Rehearsal"
admission_rate_per_minute = ${perMinute}
max_active_sessions = 100000
${fields}
  [[event.offer]]
  id = "standing"
  name = "Standing"
  price_cents = 4500
  currency = "EUR"
  stock = ${stock}
  max_per_order = 4

  [[event.offer]]
  id = "balcony"
  name = "Balcony box"
  price_cents = 11000
  currency = "EUR"
  stock = 12
  max_per_order = 2
`;
}

/** The program on a data dir and a port of its own. */
export class Program {
  constructor(events, flags = []) {
    this.dir = mkdtempSync(join(tmpdir(), "k6-story-"));
    this.flags = flags;
    this.address = "127.0.0.1:0";
    writeFileSync(join(this.dir, "events.toml"), events);
  }

  /** Starts it; after the first time on the port and the data that it had. */
  async start() {
    const data = ["--data-dir", join(this.dir, "data"), "--events", join(this.dir, "events.toml")];
    this.child = spawn(PROGRAM, ["--listen", this.address, ...data, ...this.flags], { stdio: ["ignore", "pipe", "pipe"] });
    this.child.stderr.pipe(createWriteStream(join(this.dir, "log"), { flags: "a" }));
    for await (const line of createInterface(this.child.stdout)) {
      const [word, value] = line.trim().split(/\s+/);
      if (word === "home") this.url = value.replace(/\/$/, "");
      if (word === "operator") this.credential = value;
      if (word === "stop") break;
    }
    if (!this.url) throw new Error(`the program did not start:\n${readFileSync(join(this.dir, "log"))}`);
    this.address = this.url.replace("http://", "");
    this.child.stdout.resume();
    return this;
  }

  /** What `kill -9` does. */
  async kill() {
    this.child.kill("SIGKILL");
    await once(this.child, "exit");
  }

  /** Asks it to end. */
  async end() {
    this.child.kill("SIGTERM");
    if (this.child.exitCode === null) await once(this.child, "exit");
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/**
 * Runs a story against `url` with `settings`.
 *
 * @returns {Promise<{status: number, output: string, summary: any}>}
 */
export async function tell(story, { url, credential }, settings) {
  const dir = mkdtempSync(join(tmpdir(), "k6-told-"));
  const summary = join(dir, "summary.json");
  const environment = { BASE_URL: url, OPERATOR: credential, SUMMARY: summary, ...settings };
  const flags = Object.entries(environment).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const k6 = spawn(K6, ["run", "--quiet", "--no-usage-report", "--address", "", ...flags, `${ROOT}/k6/${story}.js`]);
  let output = "";
  for (const stream of [k6.stdout, k6.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [status] = await once(k6, "close");
  let told = null;
  try {
    told = JSON.parse(readFileSync(summary, "utf8"));
  } catch {
    // A script that does not begin has no summary; its output says why.
  }
  rmSync(dir, { recursive: true, force: true });
  return { status, output, summary: told };
}
