/** Watches the board from the first moment to the last: which rate was in force, and when fans waited. */
import exec from "k6/execution";
import http from "k6/http";
import { sleep } from "k6";
import { Demand } from "./demand.js";
import { idle } from "./metrics.js";
import { RateRecord } from "./rates.js";

/** Twice a tick, so that each board is seen. */
const LOOKS_A_TICK = 2;
/** `bypass` is no waiting room, hence no rate. */
const NO_LIMIT = 1e9;
/** Fans arrive within the first moments: before that, nobody here proves nothing. */
const LEAST = 3;

function rateOf({ phase, rate_per_minute }) {
  if (phase === "bypass") return NO_LIMIT;
  return phase === "admitting" ? rate_per_minute : 0;
}

/**
 * The watch's iteration: until all fans are done, and at least for `least` seconds.
 */
export function watch(settings, world, book, { least = LEAST, judgesIdle = true } = {}) {
  const { TICK, SETTLE, WARM_UP, MAX_WAIT, PART } = settings;
  const rates = new RateRecord({ settle: SETTLE, tick: TICK });
  const demand = new Demand({ windows: book.windows.idle, warmUp: WARM_UP, tick: TICK });
  const began = Date.now();
  const elapsed = () => (Date.now() - began) / 1000;
  let second = 0;
  let proven = 0;
  while (elapsed() < MAX_WAIT + 5 && (elapsed() < least || exec.instance.vusActive > 1)) {
    const board = look(settings, world);
    if (board) {
      second = Date.parse(board.at) / 1000 - world.origin;
      rates.observe(second, rateOf(board));
      const waits = judgesIdle && board.phase === "admitting" && board.waiting > 0 && hasFreeSessions(settings, world);
      for (const window of demand.observe(second, { waits, perMinute: board.rate_per_minute, epoch: board.epoch })) {
        book.demand(window);
        proven += 1;
      }
    }
    sleep(TICK / LOOKS_A_TICK);
  }
  // Fans of another machine may still be on their way when those of this one are done.
  book.allow(rates, PART ? Infinity : (Date.now() + world.offsetMs) / 1000 - world.origin);
  if (judgesIdle && proven === 0 && isLongEnough(settings, world)) idle.unproven.add(1);
}

function look({ BASE_URL }, world) {
  const response = http.get(`${BASE_URL}${world.path}/board`, { tags: { name: "watch" }, timeout: "5s" });
  return response.status === 200 ? response.json() : null;
}

/** Only an operator can be told; without a credential sessions are believed to be free. */
function hasFreeSessions({ BASE_URL, OPERATOR }, { event }) {
  if (OPERATOR === null) return true;
  const response = http.get(`${BASE_URL}/v1/operator/events/${event}/figures`, {
    headers: { Authorization: `Bearer ${OPERATOR}` },
    tags: { name: "watch" },
    timeout: "5s",
  });
  if (response.status !== 200) return false;
  const { sessions, max_active_sessions: most } = response.json();
  return sessions < most * 0.95;
}

/**
 * Whether the fans of this run must keep the door busy long enough to see a whole window of it, though many are called
 * ahead, and do not wait any more, when fans are slow to come.
 */
function isLongEnough({ FANS, NO_SHOW, ARRIVE, WARM_UP, IDLE_WINDOW }, { perMinute }) {
  const busy = (FANS * (1 - NO_SHOW)) / (perMinute / 60);
  return busy > ARRIVE + 3 * WARM_UP + 3 * IDLE_WINDOW;
}
