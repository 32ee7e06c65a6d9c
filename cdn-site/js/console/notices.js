/** What an operator must not overlook. */
import { byId, h, setText, show } from "../dom.js";
import { SOURCES } from "../lib/audit.js";
import { count, fullTime } from "./format.js";

/** Figures come with each tick; when none came for this long, what is on the screen is old. */
const STALE_MS = 4_000;

/** @param {import("../lib/contract.js").Figures} figures */
export function drawNotices(figures) {
  // A source that can't be read at all is told with the health.
  drawRefused((figures.refused_settings ?? []).filter(({ setting }) => !SOURCES[setting]));
  const message = figures.message ?? "";
  show(byId("fans-see"), message !== "");
  setText(byId("fans-see-text"), message);
  const dead = figures.orders?.dead_letters ?? 0;
  show(byId("dead-notice"), dead > 0);
  setText(byId("dead-notice-text"), dead === 1 ? "One order is stuck and needs you." : `${count(dead)} orders are stuck and need you.`);
  const percent = figures.region_percent ?? 100;
  show(byId("region-notice"), percent < 100);
  setText(
    byId("region-notice"),
    percent === 0 ? "Another region is active: nobody is admitted in this one." : `This region admits ${percent} % of the rate that you set.`,
  );
}

/** @param {import("../lib/contract.js").Figures["refused_settings"]} refused */
function drawRefused(refused) {
  const place = byId("refused-settings");
  show(place, refused.length > 0);
  const lines = refused.map(
    ({ setting, value, reason, since }) =>
      `${setting} = “${value}” was refused at ${fullTime(since)}: ${reason}. The last good value stays in force.`,
  );
  if (place.dataset.text === lines.join()) return;
  place.dataset.text = lines.join();
  place.replaceChildren(...lines.map((line) => h("p", {}, line)));
}

/**
 * @param {import("../lib/contract.js").Figures|null} figures the last ones
 * @param {number} silentMs since they came
 * @returns {boolean} whether they are old
 */
export function drawStale(figures, silentMs) {
  const stale = figures !== null && silentMs > STALE_MS;
  show(byId("stale"), stale);
  if (stale) setText(byId("stale"), `No figures since ${fullTime(figures.at)}: what you see is old. The console goes on trying; what you set is sent all the same.`);
  byId("console-sign").dataset.stale = String(stale);
  return stale;
}
