/**
 * What screen readers are told, and when: changes that matter, not every number. Estimates are spoken in bands, a turn
 * once and again as its window runs out. Plain arithmetic on words; the view puts them into the live regions.
 */
import { etaBand } from "../lib/eta.js";

/** @typedef {{key: string, params?: Record<string, string|number>}} Words */

/**
 * @typedef {object} Moment
 * @property {string} situation
 * @property {string} state its heading
 * @property {boolean} offline
 * @property {number|null} etaSeconds
 * @property {number|null} leftSeconds of the call window, or until the draw
 * @property {{reason: string, text: string}|null} trying what is under way; its text may count seconds
 * @property {string[]} notices texts that are shown beside the sign: the organiser's message, why it is slower
 */

/** So many seconds before a window ends the turn is spoken of again. */
const REMINDERS = [60, 20];
/** An estimate that wavers at the edge of two bands is not spoken of each time it crosses. */
const LOWEST_BAND = 5;
const DRAW_REMINDERS = [600, 60];

export class Announcer {
  situation = "";
  offline = false;
  /** @type {number|null} */
  band = null;
  /** The seconds left when a window or the draw was last spoken of. */
  spokenAt = Infinity;
  trying = "";
  /** @type {Set<string>} */
  notices = new Set();

  /**
   * @param {Moment} moment
   * @returns {{alert: Words[]|null, status: Words[]|null}} what to say now; null leaves a region as it is
   */
  hear(moment) {
    /** @type {Words[]} */
    const status = [];
    const connection = this.connection(moment, status);
    const alert = this.turn(moment) ?? connection;
    this.wait(moment, status);
    this.attempt(moment, status);
    this.beside(moment, status);
    this.situation = moment.situation;
    return { alert, status: status.length > 0 ? status : null };
  }

  /** @param {Moment} moment @param {Words[]} status @returns {Words[]|null} */
  connection({ offline }, status) {
    if (offline === this.offline) return null;
    this.offline = offline;
    if (offline) return [{ key: "say.offline" }];
    status.push({ key: "say.online" });
    return [];
  }

  /** @param {Moment} moment @returns {Words[]|null} */
  turn({ situation, state, leftSeconds }) {
    if (situation === "missed" && this.situation !== "missed") return [{ key: "text", params: { text: state } }];
    if (situation !== "called") return null;
    const left = leftSeconds ?? Infinity;
    const first = this.situation !== "called";
    if (first) this.spokenAt = left;
    const reminder = REMINDERS.find((seconds) => left <= seconds && this.spokenAt > seconds + 5);
    if (!first && reminder === undefined) return null;
    this.spokenAt = left;
    const key = first ? "say.your_turn" : "say.your_turn_still";
    return [{ key, params: duration(left) }];
  }

  /** @param {Moment} moment @param {Words[]} status */
  wait({ situation, state, etaSeconds, leftSeconds }, status) {
    const before = this.situation;
    if (situation === "waiting" || situation === "next") {
      const band = situation === "next" ? 0 : etaBand(etaSeconds);
      const words = band === null ? [] : [band === 0 ? { key: "say.nearly" } : { key: "say.minutes", params: { band } }];
      if (before === "paused" || before === "recovering") status.push({ key: "say.resumed" }, ...words);
      else if (before !== "waiting" && before !== "next") status.push({ key: "say.joined" }, ...words);
      else if (band !== null && this.band !== null && band >= this.band && band <= 2 * Math.max(this.band, LOWEST_BAND)) return;
      else status.push(...words);
      this.band = band;
    } else if (situation === before) {
      if (situation !== "prequeue" || leftSeconds === null) return;
      const due = DRAW_REMINDERS.find((seconds) => leftSeconds <= seconds && this.spokenAt > seconds);
      if (due === undefined) return;
      this.spokenAt = leftSeconds;
      status.push({ key: "say.draw_in", params: duration(leftSeconds) });
    } else if (situation === "paused") status.push({ key: "say.paused" });
    else if (situation === "recovering") status.push({ key: "say.recovering" });
    else if (situation === "prequeue") {
      this.spokenAt = leftSeconds ?? Infinity;
      status.push({ key: "text", params: { text: state } });
    } else if (!["loading", "called", "missed"].includes(situation)) status.push({ key: "text", params: { text: state } });
  }

  /** @param {Moment} moment @param {Words[]} status */
  attempt({ trying }, status) {
    const reason = trying?.reason ?? "";
    if (trying && reason !== "" && reason !== this.trying) status.push({ key: "text", params: { text: trying.text } });
    this.trying = reason;
  }

  /** @param {Moment} moment @param {Words[]} status */
  beside({ notices }, status) {
    for (const text of notices) if (!this.notices.has(text)) status.push({ key: "text", params: { text } });
    this.notices = new Set(notices);
  }
}

/** @param {number} seconds @returns {Record<string, string|number>} whole minutes, or what is less than one */
function duration(seconds) {
  const rest = Math.max(1, Math.round(seconds));
  return rest >= 55 ? { unit: "minutes", count: Math.round(rest / 60) } : { unit: "seconds", count: rest };
}
