/** Fans without a browser: the people ahead. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { sleep } from "./until.js";

const AT_ONCE = 32;

export class Crowd {
  /** @param {import("./program.js").Program} program @param {string} event */
  constructor(program, event) {
    this.program = program;
    this.path = `v1/events/${event}`;
    /** @type {{queue_token: string, ticket: string, place: number|null}[]} */
    this.seats = [];
    this.gone = false;
    this.coming = Promise.resolve();
  }

  /** @param {number} count */
  async join(count) {
    await inTurns(count, async () => {
      const { status, data } = await this.program.call("POST", `${this.path}/queue`, {
        body: { secret: randomBytes(24).toString("base64url") },
      });
      assert.equal(status, 201, JSON.stringify(data));
      this.seats.push(data);
    });
  }

  /** The first `count` go to the door when they are called; the others never come. @param {number} count */
  come(count) {
    this.coming = this.watchBoard(count);
    // Heard when the crowd goes home; until then nobody listens, and that must not end the test runner.
    this.coming.catch(() => {});
  }

  /** @param {number} count */
  async watchBoard(count) {
    const under = new Set(this.seats.slice(0, count));
    /** @type {Promise<string|null>[]} */
    const entering = [];
    while (!this.gone && under.size > 0) {
      const { data: board } = await this.program.call("GET", `${this.path}/board`);
      for (const seat of under) {
        if (seat.place === null || seat.place > board.frontier) continue;
        under.delete(seat);
        entering.push(this.enter(seat));
      }
      await sleep(200);
    }
    await Promise.all(entering);
  }

  /** @param {{queue_token: string}} seat @returns {Promise<string|null>} the admission token */
  async enter({ queue_token: token }) {
    while (!this.gone) {
      const { status, data } = await this.program.call("POST", `${this.path}/admission`, { token });
      if (status === 200) return data.admission_token;
      if (status !== 425 && status !== 429) return null;
      // Capped, so that a test ends soon after its crowd went home.
      await sleep(Math.min(data.retry_after_ms, 1000));
    }
    return null;
  }

  /** After store loss everybody's page presents its token again; so does everybody here. */
  async rejoin() {
    await inTurns(this.seats.length, async (n) => {
      const { status, data } = await this.program.call("POST", `${this.path}/queue/rejoin`, {
        token: this.seats[n].queue_token,
      });
      assert.equal(status, 200, JSON.stringify(data));
      this.seats[n] = data;
    });
  }

  async goHome() {
    this.gone = true;
    await this.coming;
  }
}

/** @param {number} count @param {(n: number) => Promise<void>} act */
async function inTurns(count, act) {
  let next = 0;
  const worker = async () => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
