/** What a rate will do, in words, before it is applied. */
import { predict } from "../lib/predict.js";
import { clockTime, count, duration } from "./format.js";

const DAY_SECONDS = 86_400;

/** @type {Record<string, string>} while nobody is called the time does not run yet */
const COUNTED_FROM = {
  prequeue: "Counted from the start of the sale.",
  paused: "Counted from the moment the door opens again.",
  recovering: "Counted from the moment the queue has re-formed.",
};

/**
 * @param {number} rate a minute, as the operator has it on the dial
 * @param {import("../lib/contract.js").Figures} figures
 * @returns {string}
 */
export function predictionFor(rate, figures) {
  if (!Number.isFinite(rate) || rate < 1) return "";
  const parts = [effect(rate, figures)];
  if (rate !== figures.rate_per_minute && figures.waiting > 0) parts.push(comparison(figures));
  if (predictionOf(rate, figures).limitedBySessions) {
    parts.push(`The sessions limit of ${count(figures.max_active_sessions)} is reached and decides before the rate does.`);
  }
  parts.push(COUNTED_FROM[figures.phase] ?? "");
  return parts.filter(Boolean).join(" ");
}

/** @param {number} rate @param {import("../lib/contract.js").Figures} figures */
function predictionOf(rate, figures) {
  return predict({
    rate,
    waiting: figures.waiting,
    joinsPerMinute: figures.joins_per_minute,
    noShowShare: figures.no_show_share,
    sessions: figures.sessions,
    maxSessions: figures.max_active_sessions,
  });
}

/** @param {number} rate @param {import("../lib/contract.js").Figures} figures */
function effect(rate, figures) {
  const { emptySeconds, growthPerMinute } = predictionOf(rate, figures);
  const begin = `At ${count(rate)}/min`;
  if (figures.waiting === 0) {
    return growthPerMinute > 0
      ? `${begin} a queue forms: ${count(Math.max(1, growthPerMinute))} more a minute than are let in.`
      : `${begin} nobody has to wait.`;
  }
  if (emptySeconds === null) return `${begin} the queue never empties: it grows by ${count(Math.max(1, growthPerMinute))} a minute.`;
  if (emptySeconds > DAY_SECONDS) return `${begin} the queue takes more than a day to empty.`;
  return `${begin} the queue empties at ${timeIn(emptySeconds, figures)}, in ${duration(emptySeconds)}.`;
}

/** @param {import("../lib/contract.js").Figures} figures */
function comparison(figures) {
  const { emptySeconds } = predictionOf(figures.rate_per_minute, figures);
  const now = `At ${count(figures.rate_per_minute)}/min, as now,`;
  if (emptySeconds === null) return `${now} it never empties.`;
  return emptySeconds > DAY_SECONDS ? `${now} it takes more than a day.` : `${now} at ${timeIn(emptySeconds, figures)}.`;
}

/** @param {number} seconds @param {import("../lib/contract.js").Figures} figures */
function timeIn(seconds, figures) {
  return clockTime(Date.parse(figures.at) + seconds * 1000);
}
