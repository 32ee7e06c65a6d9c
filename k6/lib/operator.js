/** The operator: reads and changes an event's settings. */
import { sleep } from "k6";
import { Caller } from "./http.js";
import { times } from "./metrics.js";

const LOOK = 0.2;

export class Operator {
  constructor(settings, { event, path }) {
    this.caller = new Caller(settings);
    this.credential = settings.OPERATOR;
    this.board = `${path}/board`;
    this.path = `/v1/operator/events/${event}/settings`;
  }

  /** The settings in force. */
  settings() {
    return this.caller.ask("GET", this.path, { name: "settings", expect: [200], token: this.credential }).body;
  }

  /** Asks for `change`. */
  change(change, expect = [200]) {
    return this.caller.ask("PATCH", this.path, {
      name: "change settings",
      expect,
      token: this.credential,
      body: change,
    });
  }

  /** Sets the rate, or pauses at a rate of 0, and waits until the board says so; for at most `patience` seconds. */
  turnTo(perMinute, patience) {
    const change = perMinute === 0 ? { mode: "pause" } : { mode: "admit", admission_rate_per_minute: perMinute };
    const asked = Date.now();
    if (!this.change(change).ok) return;
    for (;;) {
      const { body: board } = this.caller.ask("GET", this.board, { name: "board", expect: [200] });
      const isSo = perMinute === 0 ? board.phase === "paused" : board.rate_per_minute === perMinute && board.phase !== "paused";
      if (isSo || Date.now() - asked > patience * 1000) break;
      sleep(LOOK);
    }
    times.changed.add(Date.now() - asked);
  }
}
