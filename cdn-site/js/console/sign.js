/** What matters at a glance: what the queue does, who waits, and the figures beside it. */
import { byId, setText } from "../dom.js";
import { clockTime, count, duration, fullTime, percent } from "./format.js";

/** @type {Record<string, string>} */
const PHASES = {
  prequeue: "Before the sale",
  admitting: "Admitting",
  paused: "Paused",
  recovering: "Recovering",
  bypass: "Bypass",
  closed: "Closed",
};

/** @param {import("../lib/contract.js").Figures} figures */
export function drawSign(figures) {
  const phase = PHASES[figures.phase] ?? figures.phase;
  byId("console-sign").dataset.phase = figures.phase;
  setText(byId("phase"), phase);
  setText(byId("waiting"), count(figures.waiting));
  setText(byId("waiting-unit"), figures.waiting === 1 ? "person waiting" : "people waiting");
  setText(byId("back-eta"), backOfQueue(figures));

  setText(byId("claims"), count(figures.claims_per_minute));
  setText(byId("claims-of"), `of ${count(figures.rate_per_minute)}`);
  setText(byId("joins"), count(figures.joins_per_minute));
  setText(byId("called"), count(figures.called));
  setText(byId("at-door"), figures.at_door > 0 ? `${count(figures.at_door)} at the door` : "");
  setText(byId("sessions"), count(figures.sessions));
  setText(byId("sessions-of"), `of ${count(figures.max_active_sessions)}`);
  setText(byId("no-show"), percent(figures.no_show_share));
  // Until a call has ended either way the share is what the service begins with, not what the fans do.
  setText(byId("no-show-note"), figures.claimed_total + figures.missed_total === 0 ? "assumed" : "");
  setText(byId("confirmed"), count(figures.orders?.confirmed));
  setText(byId("pending"), figures.orders ? `${count(figures.orders.pending)} pending` : "the shop is silent");
  const left = sum(figures.offers.map(({ stock_left }) => stock_left));
  setText(byId("left"), count(left));
  setText(byId("left-of"), `of ${count(sum(figures.offers.map(({ stock }) => stock)))}`);
  setText(byId("settings-age"), `${count(figures.settings_age_seconds)} s ago`);
  setText(byId("server-time"), `Server time ${fullTime(figures.at)}`);
  document.title = `${count(figures.waiting)} waiting · ${phase} · Console`;
}

/** @param {import("../lib/contract.js").Figures} figures */
function backOfQueue({ phase, waiting, eta_back_of_queue_seconds: seconds, at }) {
  if (waiting === 0) return phase === "admitting" || phase === "bypass" ? "Who joins now does not wait." : "";
  if (seconds === null || seconds === undefined) return "No estimate while nobody is called.";
  return `The last is called at about ${clockTime(Date.parse(at) + seconds * 1000)}, in ${duration(seconds)}.`;
}

/** @param {(number|null)[]} numbers @returns {number|null} null where one is unknown */
function sum(numbers) {
  return numbers.reduce((/** @type {number|null} */ all, one) => (all === null || one === null ? null : all + one), 0);
}
