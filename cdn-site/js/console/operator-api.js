/**
 * The operator's API. The session cookie, which no script can read, speaks for whoever signed in; nothing here holds a
 * credential. Every outcome comes back as a value, with one sentence that says what went wrong.
 */
import { Unreachable, call } from "../api.js";

/**
 * @typedef {object} Outcome
 * @property {"done"|"signed-out"|"refused"|"no-answer"} kind
 * @property {any} data
 * @property {string} why for a person; empty when it is done
 * @property {string} problem
 * @property {number} retryAfterMs
 */

let onSignedOut = () => {};

/** @param {() => void} act when the service no longer knows the session */
export function whenSignedOut(act) {
  onSignedOut = act;
}

/**
 * @param {string} method
 * @param {string} path below `/v1/operator/`
 * @param {unknown} [body]
 * @returns {Promise<Outcome>}
 */
export async function operate(method, path, body) {
  const outcome = await attempt(method, path, body);
  if (outcome.kind === "signed-out") onSignedOut();
  return outcome;
}

/** As {@link operate}, where being signed out is one of the expected answers. @param {string} method @param {string} path @param {unknown} [body] @returns {Promise<Outcome>} */
export async function attempt(method, path, body) {
  try {
    const answer = await call(method, `/v1/operator/${path}`, { body, credentials: "same-origin" });
    const { data, problem, retryAfterMs } = answer;
    if (answer.ok) return { kind: "done", data, why: "", problem, retryAfterMs };
    if (answer.status === 401) return { kind: "signed-out", data, why: "You are signed out.", problem, retryAfterMs };
    return { kind: "refused", data, why: sentence(answer), problem, retryAfterMs };
  } catch (failure) {
    if (!(failure instanceof Unreachable)) throw failure;
    return { kind: "no-answer", data: null, why: silence(method, failure), problem: "", retryAfterMs: failure.retryAfterMs };
  }
}

/** @param {string} method @param {Unreachable} failure */
function silence(method, failure) {
  const begin = /^status/.test(failure.message) ? `The service could not do it (${failure.message})` : "No answer from the service";
  return method === "GET" ? `${begin}.` : `${begin}; it may or may not be in force.`;
}

/** @param {string} event @param {string} rest */
export function ofEvent(event, rest) {
  return `events/${encodeURIComponent(event)}/${rest}`;
}

/** @param {import("../api.js").Answer} answer */
function sentence({ status, problem, data }) {
  if (problem === "viewer-may-not") return "A viewer may not do this.";
  if (problem === "cross-site-request") return "The service did not take the request as coming from this page.";
  const text = String(data?.detail ?? data?.title ?? `The service answered ${status}`);
  const said = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(said) ? said : `${said}.`;
}
