/** Who is signed in. The credential is typed, sent once, and kept nowhere. */
import { byId, setText, show } from "../dom.js";
import { attempt } from "./operator-api.js";

/**
 * @typedef {object} Session
 * @property {"operator"|"viewer"} role
 * @property {string|null} name
 * @property {string} expires_at
 */

/** From here on the console reminds of the session's end. */
const REMIND_MS = 15 * 60_000;

/** How soon a service that did not answer is asked again. */
const AGAIN_MS = 3_000;

/** @type {Session|null} */
let session = null;
let waitUntil = 0;
/** @type {(session: Session) => void} */
let onSession = () => {};
/** @type {() => void} */
let onEnd = () => {};
/** @type {ReturnType<typeof import("../lib/clock.js").serverClock>} */
let clock;

/**
 * @param {ReturnType<typeof import("../lib/clock.js").serverClock>} serverClock a session ends by the server's time
 * @param {(session: Session) => void} began
 * @param {() => void} ended
 */
export function wireSession(serverClock, began, ended) {
  clock = serverClock;
  onSession = began;
  onEnd = ended;
  byId("sign-in-form").addEventListener("submit", (/** @type {SubmitEvent} */ submitted) => {
    submitted.preventDefault();
    void signIn();
  });
  byId("sign-out").addEventListener("click", signOut);
  byId("sign-in-again").addEventListener("click", signOut);
  setInterval(beat, 1000);
}

/** Goes on with the session that this browser has, if any. */
export async function resumeSession() {
  const { kind, data, why } = await attempt("GET", "session");
  if (session !== null) return;
  if (kind === "done") begin(data);
  else if (kind === "signed-out") showSignIn("");
  else {
    showSignIn(`${why} Trying again.`);
    setTimeout(resumeSession, AGAIN_MS);
  }
}

/** The service no longer knows it. */
export function sessionEnded() {
  if (session !== null) end("Your session has ended. Sign in again to go on.");
}

async function signIn() {
  const [credential, name] = [byId("credential").value, byId("operator-name").value.trim()];
  if (credential === "" || performance.now() < waitUntil) return;
  const submit = byId("sign-in-submit");
  submit.disabled = true;
  complain("");
  const { kind, data, why, problem, retryAfterMs } = await attempt("POST", "session", name ? { credential, name } : { credential });
  submit.disabled = false;
  if (kind === "done") {
    byId("credential").value = "";
    begin(data);
  } else if (problem === "too-many-attempts") {
    const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
    waitUntil = performance.now() + seconds * 1000;
    complain(`Too many attempts. Wait ${seconds === 1 ? "a second" : `${seconds} seconds`}, then try again.`);
    beat();
  } else if (kind === "signed-out") {
    complain("This credential is not accepted.");
    byId("credential").select();
  } else complain(why);
}

async function signOut() {
  const { kind, why } = await attempt("DELETE", "session");
  if (kind === "done" || kind === "signed-out") end("");
  else end(`${why} This browser may still be signed in.`);
}

/** @param {Session} fresh */
function begin(fresh) {
  session = fresh;
  const viewer = fresh.role === "viewer";
  setText(byId("who"), fresh.name ? `${fresh.name}, ${fresh.role}` : fresh.role);
  byId("who").title = `Signed in until ${new Date(fresh.expires_at).toLocaleString("en-GB")}`;
  show(byId("viewer-notice"), viewer);
  for (const fields of /** @type {NodeListOf<HTMLFieldSetElement>} */ (document.querySelectorAll(".turns"))) fields.disabled = viewer;
  const hadFocus = byId("sign-in").contains(document.activeElement);
  shown(true);
  if (hadFocus) byId("main").focus();
  onSession(fresh);
}

/** @param {string} why */
function end(why) {
  session = null;
  onEnd();
  document.title = "Console · Waiting Room";
  showSignIn(why);
  byId("credential").focus();
}

/** @param {string} why */
function showSignIn(why) {
  shown(false);
  complain(why);
}

/** @param {boolean} inside */
function shown(inside) {
  show(byId("sign-in"), !inside);
  show(byId("board"), inside);
  show(byId("where"), inside);
}

/** @param {string} why */
function complain(why) {
  show(byId("sign-in-error"), why !== "");
  setText(byId("sign-in-error"), why);
}

function beat() {
  const wait = Math.ceil((waitUntil - performance.now()) / 1000);
  const submit = byId("sign-in-submit");
  if (wait > 0) {
    submit.disabled = true;
    setText(submit, `Sign in (in ${wait} s)`);
  } else if (waitUntil > 0) {
    waitUntil = 0;
    submit.disabled = false;
    setText(submit, "Sign in");
  }
  const left = session === null || !clock.known ? Infinity : Date.parse(session.expires_at) - clock.now();
  show(byId("session-notice"), left < REMIND_MS);
}
