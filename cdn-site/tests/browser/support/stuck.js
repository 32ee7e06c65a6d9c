/** Orders that nobody can settle: their event is taken out of the events file while they are under way. */
import { randomUUID } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { Crowd } from "./crowd.js";
import { until } from "./until.js";

const ORDERS = 60;
/** Fulfilment tries five times within a minute and a half before it gives up. */
const GIVEN_UP_MS = 85_000;

export class StuckOrders {
  /** @param {import("./program.js").Program} program @param {string} event with nobody in its queue */
  constructor(program, event) {
    this.program = program;
    this.event = event;
    this.file = path.join(program.dir, "events.toml");
  }

  /** As when the power fails at the worst moment, and somebody edits the events file before it is back. */
  async leave() {
    const crowd = new Crowd(this.program, this.event);
    await crowd.join(ORDERS);
    const tokens = await Promise.all(crowd.seats.map((seat) => crowd.enter(seat)));
    await Promise.any(tokens.map((token) => this.order(token)));
    await this.program.kill();
    this.events = await readFile(this.file, "utf8");
    const others = this.events.split(/(?=\[\[event\]\]\n)/).filter((text) => !text.includes(`id = "${this.event}"`));
    await writeFile(this.file, others.join(""));
    await this.program.restart();
  }

  /** @param {string|null} token */
  async order(token) {
    const { status } = await this.program.call("POST", "v1/orders", {
      token: token ?? "",
      headers: { "Idempotency-Key": randomUUID() },
      body: { lines: [{ offer: "standing", quantity: 1 }], name: "Inês Duarte", email: "ines@example.org" },
    });
    if (status !== 202) throw new Error(`status ${status}`);
  }

  /** Waits until they are dead letters, and puts the event back. */
  async becomeDeadLetters() {
    const list = `v1/operator/events/${this.event}/dead-letters`;
    await until("fulfilment gives up", async () => (await this.program.call("GET", list, { token: this.program.operator })).status === 200, GIVEN_UP_MS);
    await this.program.kill();
    await writeFile(this.file, this.events ?? "");
    await this.program.restart();
  }
}
