/**
 * The HTTP calls. An answer of the service, good or bad, is returned; only "no answer" throws, as {@link Unreachable}.
 */

/** Nobody answered, or only a proxy in front of the service did. Worth trying again; nothing is lost by it. */
export class Unreachable extends Error {
  /** @param {string} message @param {number} [retryAfterMs] */
  constructor(message, retryAfterMs = 0) {
    super(message);
    this.name = "Unreachable";
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {boolean} ok
 * @property {any} data parsed JSON, or null
 * @property {string} problem the slug of a problem's type, or ""
 * @property {number} retryAfterMs
 * @property {string|null} date the server's Date header
 */

/**
 * @param {string} method
 * @param {string} path
 * @param {{token?: string, body?: unknown, headers?: Record<string, string>, timeoutMs?: number, credentials?: RequestCredentials}} [options]
 * @returns {Promise<Answer>}
 */
export async function call(method, path, { token, body, headers = {}, timeoutMs = 12000, credentials = "omit" } = {}) {
  const sent = { ...headers };
  if (token) sent.Authorization = `Bearer ${token}`;
  if (body !== undefined) sent["Content-Type"] = "application/json";
  let response;
  let text;
  try {
    response = await fetch(path, {
      method,
      headers: sent,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials,
      signal: AbortSignal.timeout(timeoutMs),
    });
    text = await response.text();
  } catch (cause) {
    throw new Unreachable(String(cause));
  }
  return answerOf(response, text);
}

/**
 * The board goes out bare, without credentials or headers of ours: that is what lets one cached copy serve everybody.
 * `no-cache` makes the browser ask each time whether its copy is current (If-None-Match, mostly answered 304) instead of
 * showing a copy that it revalidates behind the page's back; caches on the way don't heed it.
 *
 * @param {string} event
 * @returns {Promise<Answer>}
 */
export async function fetchBoard(event) {
  return fetchPublic(`/v1/events/${encodeURIComponent(event)}/board`, "no-cache");
}

/** @param {string} path @param {RequestCache} [cache] @returns {Promise<Answer>} */
export async function fetchPublic(path, cache = "default") {
  let response;
  let text;
  try {
    response = await fetch(path, { credentials: "omit", cache, signal: AbortSignal.timeout(12000) });
    text = await response.text();
  } catch (cause) {
    throw new Unreachable(String(cause));
  }
  return answerOf(response, text);
}

/** @param {Response} response @param {string} text @returns {Answer} */
function answerOf(response, text) {
  let data = null;
  try {
    data = text === "" ? null : JSON.parse(text);
  } catch {
    if (response.ok) throw new Unreachable("an answer that is not JSON");
  }
  const problem = typeof data?.type === "string" ? data.type.split("/").pop() : "";
  const seconds = Number.parseFloat(response.headers.get("Retry-After") ?? "");
  const retryAfterMs = data?.retry_after_ms ?? (Number.isFinite(seconds) ? seconds * 1000 : 0);
  if (response.status >= 500 && problem !== "queue-full") {
    throw new Unreachable(`status ${response.status}`, retryAfterMs);
  }
  return { status: response.status, ok: response.ok, data, problem, retryAfterMs, date: response.headers.get("Date") };
}
