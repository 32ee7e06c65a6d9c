/**
 * The moment of being called, made hard to miss: the tab's title and icon, and, if the fan asked for it, a sound and a
 * notification. In a tab that nobody looks at the title changes to and fro, because movement is what is noticed there.
 */
import { byId } from "../dom.js";
import { t } from "../i18n.js";
import { countdown } from "../lib/eta.js";

/** @typedef {import("./face.js").Face} Face */

const BLINK_MS = 1000;
const TONES = [660, 880, 990];
const TONE_EVERY_SECONDS = 0.22;
const TONE_SECONDS = 0.5;

/** @type {AudioContext|null} */
let audio = null;
/** @type {ReturnType<typeof setInterval>|undefined} */
let blinking;
let calm = "";
let urgent = "";

/**
 * Browsers allow sound and notifications only from a gesture of the user, so this runs in the handler of the switch.
 *
 * @returns {Promise<boolean>} whether notifications are allowed
 */
export async function arm() {
  await armSound();
  if (typeof Notification === "undefined") return false;
  return (await Notification.requestPermission()) === "granted";
}

/** Makes the sound ready; works from any gesture. */
export async function armSound() {
  audio ??= typeof AudioContext === "undefined" ? null : new AudioContext();
  await audio?.resume().catch(() => {});
}

/** @param {string} name of the event @param {Face} face @param {number} now */
export function nameTab(name, face, now) {
  const called = face.situation === "called";
  const mark =
    {
      waiting: face.ahead == null ? "" : t("title.ahead", { ahead: face.ahead }),
      paused: t("title.paused"),
      next: t("title.next"),
      called: t("title.turn"),
      loading: "",
    }[face.situation] ?? face.state;
  urgent = mark ? `${mark} · ${name}` : name;
  calm = called && face.until ? `${countdown(face.until - now).clock} · ${name}` : urgent;
  const icon = called ? "/assets/favicon-turn.svg" : "/assets/favicon.svg";
  const link = byId("favicon");
  if (link.getAttribute("href") !== icon) link.setAttribute("href", icon);
  if (called && document.hidden) blinking ??= setInterval(blink, BLINK_MS);
  else {
    clearInterval(blinking);
    blinking = undefined;
    if (document.title !== urgent) document.title = urgent;
  }
}

function blink() {
  document.title = document.hidden && document.title === urgent ? calm : urgent;
}

/** @param {Face} face @param {boolean} aloud whether the fan asked for sound and notification */
export function callFor(face, aloud) {
  if (!aloud) return;
  ring();
  notify(face.state, face.lead);
}

function ring() {
  if (audio === null) return;
  for (const [nth, pitch] of TONES.entries()) {
    const from = audio.currentTime + nth * TONE_EVERY_SECONDS;
    const tone = audio.createOscillator();
    const volume = audio.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.0001, from);
    volume.gain.exponentialRampToValueAtTime(0.2, from + 0.03);
    volume.gain.exponentialRampToValueAtTime(0.0001, from + TONE_SECONDS);
    tone.connect(volume).connect(audio.destination);
    tone.start(from);
    tone.stop(from + TONE_SECONDS);
  }
}

/** @param {string} title @param {string} body */
function notify(title, body) {
  try {
    if (typeof Notification === "undefined" || Notification.permission !== "granted") return;
    const notification = new Notification(title, { body, tag: "turn", icon: "/assets/favicon-turn.svg", requireInteraction: true });
    notification.onclick = () => {
      focus();
      notification.close();
    };
  } catch {
    /* some mobile browsers only let service workers notify; the sound and the title remain */
  }
}
