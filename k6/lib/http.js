/** Requests: which answers were agreed on, and for how long the service may be away. */
import http from "k6/http";
import { sleep } from "k6";
import { answers } from "./metrics.js";

/** What says that nobody is there now, or nobody has time; status 0 is a connection that was refused or broke off. */
const AWAY = [0, 408, 502, 503, 504];
/** The longest pause before a request is sent again, in seconds. */
const LONGEST_PAUSE = 3;

// A door that is busy or a call that is not out yet is an answer, not a failure.
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 299 }, { min: 400, max: 499 }));

export class Caller {
  /** @param {{BASE_URL: string, OUTAGE: number}} settings */
  constructor({ BASE_URL, OUTAGE }) {
    this.base = BASE_URL;
    this.patienceMs = OUTAGE * 1000;
  }

  /**
   * Sends a request until it is answered; for at most OUTAGE seconds while the service is away.
   *
   * @param {string} method
   * @param {string} path
   * @param {object} request
   * @param {string} request.name what the metrics call it
   * @param {number[]} request.expect the statuses that were agreed on
   * @param {string} [request.token] bearer token
   * @param {object|string} [request.body] sent as JSON; a text as it is
   * @param {Record<string, string>} [request.headers]
   * @returns {{status: number, body: any, ok: boolean, sentAt: number, receivedAt: number, firstSentAt: number, took: number}}
   */
  ask(method, path, { name, expect, token, body, headers = {} }) {
    const firstSentAt = Date.now();
    for (let tries = 1; ; tries += 1) {
      const sentAt = Date.now();
      const response = http.request(method, this.base + path, payload(body), {
        headers: {
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...headers,
        },
        tags: { name },
        timeout: "20s",
      });
      const receivedAt = Date.now();
      const isAway = AWAY.includes(response.status) && !expect.includes(response.status);
      if (isAway && receivedAt - firstSentAt < this.patienceMs) {
        answers.retried.add(1);
        const asked = (parsed(response).retry_after_ms ?? 0) / 1000;
        sleep(Math.max(asked, Math.min(tries / 2, LONGEST_PAUSE)) * (0.8 + 0.4 * Math.random()));
        continue;
      }
      if (tries > 1) answers.away.add(receivedAt - firstSentAt);
      const ok = expect.includes(response.status);
      if (!ok) {
        answers.unexpected.add(1, { name, answered: String(response.status) });
        console.error(`${method} ${path}: ${response.status} ${response.error || response.body}`);
      }
      return {
        status: response.status,
        body: parsed(response),
        ok,
        sentAt,
        receivedAt,
        firstSentAt,
        took: response.timings.duration,
      };
    }
  }
}

function payload(body) {
  return body === undefined || typeof body === "string" ? (body ?? null) : JSON.stringify(body);
}

function parsed(response) {
  try {
    return response.json() ?? {};
  } catch {
    return {};
  }
}
