/** The settings in force, and changes of them. The figures tell when they have to be read again. */
import { byId, setText, show } from "../dom.js";
import { ofEvent, operate } from "./operator-api.js";
import { say } from "./say.js";

/**
 * @typedef {object} Settings
 * @property {number} admission_rate_per_minute
 * @property {number} max_active_sessions
 * @property {string} mode
 * @property {string} message
 * @property {string} source
 */

const AGAIN_MS = 2_000;

let event = "";
/** @type {Settings|null} */
let settings = null;
let askedAt = -Infinity;
/** @type {((fresh: Settings) => void)[]} */
const readers = [];

/** @param {(fresh: Settings) => void} reader */
export function onSettings(reader) {
  readers.push(reader);
}

/** @param {string} id */
export function showSettings(id) {
  event = id;
  settings = null;
  void read();
}

/** @param {import("../lib/contract.js").Figures} figures */
export function compareSettings(figures) {
  const same =
    settings !== null &&
    settings.admission_rate_per_minute === figures.rate_per_minute &&
    settings.max_active_sessions === figures.max_active_sessions &&
    settings.mode === figures.mode &&
    (settings.message ?? "") === (figures.message ?? "");
  if (!same && performance.now() - askedAt > AGAIN_MS) void read();
}

async function read() {
  askedAt = performance.now();
  const asked = event;
  const { kind, data } = await operate("GET", ofEvent(asked, "settings"));
  if (kind === "done" && asked === event) take(data);
}

/** @param {Settings} fresh */
function take(fresh) {
  settings = fresh;
  askedAt = performance.now();
  for (const reader of readers) reader(fresh);
}

/**
 * @param {Partial<Settings>} change
 * @param {string} done said when it is in force
 * @param {string} control whose error line tells why it is not
 * @returns {Promise<boolean>}
 */
export async function change(change, done, control) {
  const asked = event;
  complain(control, "");
  const { kind, data, why } = await operate("PATCH", ofEvent(asked, "settings"), change);
  if (asked !== event) return false;
  if (kind === "done") {
    take(data);
    say(done);
  } else complain(control, why);
  return kind === "done";
}

/** @param {string} control @param {string} why empty when all is well */
export function complain(control, why) {
  const place = byId(`${control}-error`);
  show(place, why !== "");
  setText(place, why);
  const field = place.closest("form")?.querySelector(`[aria-describedby~="${control}-error"]`);
  if (why) field?.setAttribute("aria-invalid", "true");
  else field?.removeAttribute("aria-invalid");
}
