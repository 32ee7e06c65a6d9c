/** How long the session still lasts: always in view, and spoken of in time. */
import { byId, setText } from "../dom.js";
import { t } from "../i18n.js";
import { countdown } from "../lib/eta.js";

/** So many seconds before its end a session is spoken of; from the first on it is shown in the colour of the way in. */
const REMINDERS = [120, 30];

export class SessionClock {
  /**
   * @param {ReturnType<typeof import("../lib/clock.js").serverClock>} clock
   * @param {() => void} ended
   */
  constructor(clock, ended) {
    this.clock = clock;
    this.ended = ended;
    this.end = NaN;
    this.spokenAt = Infinity;
    /** @type {ReturnType<typeof setInterval>|undefined} */
    this.timer = undefined;
  }

  /** @param {string} time */
  endsAt(time) {
    this.end = Date.parse(time);
  }

  start() {
    this.timer = setInterval(() => this.tick(), 1000);
    this.tick();
  }

  stop() {
    clearInterval(this.timer);
  }

  tick() {
    if (Number.isNaN(this.end)) return;
    const left = this.end - this.clock.now();
    const { clock, seconds } = countdown(left);
    setText(byId("session"), clock);
    byId("form").dataset.soon = String(seconds <= REMINDERS[0]);
    const due = REMINDERS.find((limit) => seconds <= limit && this.spokenAt > limit);
    if (due !== undefined && seconds > 0) {
      this.spokenAt = seconds;
      const minutes = seconds >= 55;
      const duration = minutes
        ? t("duration.minutes", { count: Math.round(seconds / 60) })
        : t("duration.seconds", { count: seconds });
      setText(byId("alert"), t("checkout.session_soon", { duration }));
    }
    if (left <= 0) this.ended();
  }
}
