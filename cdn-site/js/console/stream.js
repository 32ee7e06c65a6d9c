/** The figures of an event as they come. */
import { backoff } from "../lib/poll.js";

/** Figures come with each tick; a stream that is silent for this long is dead, whatever the network says. */
const SILENCE_MS = 8_000;
const LONGEST_REST_MS = 10_000;

/**
 * @param {string} event
 * @param {{figures: (figures: any) => void, connected: () => void, lost: () => void}} on `lost` comes with every attempt
 *   that fails, and may find out why
 * @returns {() => void} stops
 */
export function followFigures(event, on) {
  /** @type {EventSource|null} */
  let source = null;
  let failures = 0;
  let timer = 0;

  function open() {
    source = new EventSource(`/v1/operator/events/${encodeURIComponent(event)}/stream`);
    source.addEventListener("open", () => on.connected());
    source.addEventListener("figures", ({ data }) => {
      failures = 0;
      watch();
      on.figures(JSON.parse(data));
    });
    // EventSource tries again by itself after some failures and not after others: here it is always we who do.
    source.addEventListener("error", again);
    watch();
  }

  function watch() {
    clearTimeout(timer);
    timer = Number(setTimeout(again, SILENCE_MS));
  }

  function again() {
    source?.close();
    failures += 1;
    clearTimeout(timer);
    timer = Number(setTimeout(open, Math.min(backoff(failures, Math.random()), LONGEST_REST_MS)));
    on.lost();
  }

  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}
