/** Everything an operator can turn: rate, message, sessions limit, mode, keys. The pause is in pause.js. */
import { byId, setText } from "../dom.js";
import { confirmed } from "./confirm.js";
import { control } from "./control.js";
import { count, moment } from "./format.js";
import { operate } from "./operator-api.js";
import { predictionFor } from "./prediction.js";
import { say } from "./say.js";
import { change, onSettings } from "./settings.js";

/** A rate that is this many times higher or lower is a digit too many or too few more often than not. */
const SUSPICIOUS = 5;

/** @type {import("../lib/contract.js").Figures|null} */
let figures = null;
/** @type {{reset: () => void}[]} */
let all = [];

export function wireControls() {
  all = [rate(), message(), sessions(), mode()];
  onSettings((settings) => {
    setText(byId("rate-now"), `In force: ${count(settings.admission_rate_per_minute)} a minute`);
    setText(byId("sessions-now"), `In force: ${count(settings.max_active_sessions)}`);
  });
  byId("rotate").addEventListener("click", rotate);
}

/** What was written for another event is not for this one. */
export function resetControls() {
  figures = null;
  for (const each of all) each.reset();
}

/** @param {import("../lib/contract.js").Figures} fresh */
export function predictFrom(fresh) {
  figures = fresh;
  drawPrediction();
}

function drawPrediction() {
  setText(byId("prediction"), figures === null ? "" : predictionFor(Number(byId("rate").value), figures));
}

function rate() {
  const input = byId("rate");
  const dial = control("rate", {
    read: () => input.value,
    write: (value) => void (input.value = value),
    inForce: (settings) => String(settings.admission_rate_per_minute),
    changed: drawPrediction,
    apply: async (value, inForce) => {
      const [wish, before] = [Number(value), Number(inForce)];
      const far = wish >= SUSPICIOUS * before || wish * SUSPICIOUS <= before;
      const question = `That is ${wish > before ? "far more" : "far less"} than the ${count(before)} in force. ${predictionOf(wish)}`;
      if (wish > 0 && far && !(await confirmed(`Set the rate to ${count(wish)} a minute?`, question, "Set it"))) return false;
      return change({ admission_rate_per_minute: wish }, `${count(wish)} a minute from now on.`, "rate");
    },
  });
  const nudge = (/** @type {number} */ direction) => () => {
    const now = Number(input.value) || 0;
    const step = Math.max(1, 10 ** Math.max(0, Math.floor(Math.log10(Math.max(now, 1))) - 1) * 5);
    input.value = String(Math.max(1, now + direction * step));
    dial.compare();
  };
  byId("rate-less").addEventListener("click", nudge(-1));
  byId("rate-more").addEventListener("click", nudge(1));
  return dial;
}

/** @param {number} wish */
function predictionOf(wish) {
  return figures === null ? "" : predictionFor(wish, figures);
}

function message() {
  const input = byId("message");
  return control("message", {
    read: () => input.value.trim(),
    write: (value) => void (input.value = value),
    inForce: (settings) => settings.message ?? "",
    apply: (value) => change({ message: value }, value ? "The fans read it now." : "The message is taken down.", "message"),
  });
}

function sessions() {
  const input = byId("max-sessions");
  return control("sessions", {
    read: () => input.value,
    write: (value) => void (input.value = value),
    inForce: (settings) => String(settings.max_active_sessions),
    apply: (value) => change({ max_active_sessions: Number(value) }, `At most ${count(Number(value))} sessions from now on.`, "sessions"),
  });
}

/** @type {Record<string, [string, string, string]>} */
const WARNINGS = {
  bypass: ["Let everybody in at once?", "The shop gets all the people who are waiting, as fast as they come. The rate no longer protects it.", "Bypass the queue"],
  closed: ["Close the sale?", "Nobody else is let in and nobody can join. Those in checkout may finish.", "Close the sale"],
};

function mode() {
  const radios = /** @type {HTMLInputElement[]} */ (Array.from(document.querySelectorAll('input[name="mode"]')));
  return control("mode", {
    read: () => radios.find((radio) => radio.checked)?.value ?? "",
    write: (value) => {
      for (const radio of radios) radio.checked = radio.value === value;
    },
    inForce: (settings) => settings.mode,
    apply: async (value) => {
      const warning = WARNINGS[value];
      if (warning && !(await confirmed(...warning))) return false;
      return change({ mode: value }, `The mode is ${value} now.`, "mode");
    },
  });
}

async function rotate() {
  if (!(await confirmed("Rotate the signing keys?", "New tokens are signed with new keys. Nobody loses a place or a session.", "Rotate the keys"))) return;
  const { kind, data, why } = await operate("POST", "keys/rotate");
  say(kind === "done" ? `The new keys sign from ${moment(data.signs_from, Date.now())}.` : why);
}
