/** Whether the parts that the room rests on answer, and since when. */
import { byId, h, show } from "../dom.js";
import { moment } from "./format.js";

/** @type {Record<string, string>} */
const PARTS = { "queue-store": "Queue store", settings: "Settings", "order-queue": "Order queue", audit: "Audit log" };

let drawn = "";

/** @param {import("../lib/contract.js").Health[]} health @param {number} now */
export function drawHealth(health, now) {
  const fingerprint = JSON.stringify(health);
  if (fingerprint === drawn) return;
  drawn = fingerprint;
  const broken = health.filter(({ ok }) => !ok);
  byId("health").replaceChildren(
    ...health.map(({ part, ok, since, detail }) =>
      h(
        "li",
        { "data-part": part, "data-ok": String(ok) },
        h("b", {}, PARTS[part] ?? part),
        h("span", { class: "health-state" }, ok ? "in order" : "not in order"),
        h("span", { class: "health-detail" }, [detail, `since ${moment(since, now)}`].filter(Boolean).join(" · ")),
      ),
    ),
  );
  show(byId("broken"), broken.length > 0);
  byId("broken").replaceChildren(
    ...broken.map(({ part, since, detail }) => h("p", {}, `${PARTS[part] ?? part}: ${detail || "no answer"}, since ${moment(since, now)}.`)),
  );
}
