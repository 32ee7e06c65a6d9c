/** What all stories have in common: how their fans and the watch are run, and what must hold at the end. */
import { Book } from "./book.js";

/** Balances beyond those of the door: what must remain of each. */
const BALANCES = {
  fans_unaccounted: "count==0",
  orders_unsettled: "count==0",
  stock_unaccounted: "count==0",
};

/** What holds in every story, whatever happens in it. */
const ALWAYS = {
  answers_unexpected: ["count==0"],
  fans_lost: ["count==0"],
  fans_overtaken: ["count==0"],
  places_changed: ["count==0"],
  places_went_back: ["count==0"],
  door_times_untrue: ["count==0"],
  second_sessions: ["count==0"],
  orders_doubled: ["count==0"],
  side_doors_open: ["count==0"],
};

export class Story {
  /**
   * @param {string} name
   * @param {object} settings
   */
  constructor(name, settings) {
    this.name = name;
    this.settings = settings;
    this.book = new Book(settings);
  }

  /** One run of `exec` for each of `count` fans, all begun at once. */
  crowd(exec, count = this.settings.FANS) {
    return {
      executor: "per-vu-iterations",
      exec,
      vus: count,
      iterations: 1,
      maxDuration: `${this.settings.MAX_WAIT}s`,
      gracefulStop: "5s",
    };
  }

  /** One run of `exec` beside the fans. */
  single(exec) {
    return { ...this.crowd(exec, 1), maxDuration: `${this.settings.MAX_WAIT + 30}s` };
  }

  /**
   * k6's options: the `scenarios` and the watch, and the thresholds. `proves` lists what else must hold.
   */
  options(scenarios, proves = {}) {
    // Only the first reading of a script is asked; for thousands of fans the answer would be dear.
    if (__VU !== 0) return {};
    const { JOIN_P99, OUTAGE } = this.settings;
    return {
      scenarios: { ...scenarios, watch: this.single("watching") },
      thresholds: {
        ...ALWAYS,
        join_time: [`p(99)<${JOIN_P99 * 1000}`],
        ...(OUTAGE > 0 ? { service_away: [`max<${OUTAGE * 1000}`] } : {}),
        never_idle_unproven: ["count==0"],
        ...Object.fromEntries(this.book.figures().map((figure) => [figure, []])),
        ...Object.fromEntries(Object.entries(this.balances()).map(([balance, rule]) => [balance, this.judged(rule)])),
        ...proves,
      },
      summaryTrendStats: ["count", "min", "med", "p(95)", "p(99)", "max"],
      setupTimeout: "60s",
      teardownTimeout: "90s",
      discardResponseBodies: false,
    };
  }

  /** All balances with what must remain of each. */
  balances() {
    return { ...Object.fromEntries(this.book.balances().map((balance) => [balance, "count<=0"])), ...BALANCES };
  }

  /** One k6 of several sees one side of a balance only: `judge.js` adds them up. */
  judged(rule) {
    return this.settings.PART ? [] : [rule];
  }
}
