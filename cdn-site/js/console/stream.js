/** The figures of an event as they come, through fetch, because EventSource can't carry a credential. */
import { backoff } from "../lib/poll.js";
import { sseParser } from "../lib/sse.js";

/** Figures come once a second; when none came for this long, what is on the screen is old. */
const SILENCE_MS = 8_000;

/**
 * @param {string} event
 * @param {string} credential
 * @param {{figures: (figures: any) => void, connected: () => void, lost: (why: string) => void, refused: () => void}} on
 * @returns {() => void} stops
 */
export function followFigures(event, credential, on) {
  let stopped = false;
  let failures = 0;
  let abort = new AbortController();

  async function run() {
    while (!stopped) {
      abort = new AbortController();
      let watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
      let why = "the stream ended";
      try {
        const response = await fetch(`/v1/operator/events/${encodeURIComponent(event)}/stream`, {
          headers: { Authorization: `Bearer ${credential}`, Accept: "text/event-stream" },
          credentials: "omit",
          cache: "no-store",
          signal: abort.signal,
        });
        if (response.status === 401) {
          on.refused();
          return;
        }
        if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
        on.connected();
        const parse = sseParser(({ event: kind, data }) => {
          if (kind !== "figures") return;
          failures = 0;
          on.figures(JSON.parse(data));
        });
        const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
        for (;;) {
          const { done, value } = await reader.read();
          if (done) break;
          clearTimeout(watchdog);
          watchdog = setTimeout(() => abort.abort(), SILENCE_MS);
          parse(value);
        }
      } catch (failure) {
        why = String(failure);
      } finally {
        clearTimeout(watchdog);
      }
      if (stopped) return;
      failures += 1;
      on.lost(why);
      await new Promise((resolve) => setTimeout(resolve, Math.min(backoff(failures, Math.random()), 10_000)));
    }
  }

  void run();
  return () => {
    stopped = true;
    abort.abort();
  };
}
