/** Who changed what, when: the event's audit log, newest first, older entries on demand. */
import { byId, h, setText, show } from "../dom.js";
import { author, deed, joinNewest } from "../lib/audit.js";
import { moment } from "./format.js";
import { ofEvent, operate } from "./operator-api.js";

const PAGE = 12;
const EVERY_MS = 30_000;
/** A change is written down just after it is in force. */
const SOON_MS = 700;

let event = "";
/** @type {import("../lib/audit.js").Entry[]} */
let entries = [];
/** @type {string|null} */
let older = null;
let now = () => Date.now();
let soon = 0;
let fingerprint = "";

/** @param {() => number} serverNow */
export function wireAudit(serverNow) {
  now = serverNow;
  byId("audit-older").addEventListener("click", readOlder);
  setInterval(() => {
    if (event && !document.hidden && !byId("board").hidden) void readNewest();
  }, EVERY_MS);
}

/** @param {string} id */
export function showAudit(id) {
  event = id;
  entries = [];
  older = null;
  fingerprint = "";
  draw("");
  void readNewest();
}

/** The figures show that something was changed, here or elsewhere. @param {import("../lib/contract.js").Figures} figures */
export function compareAudit({ rate_per_minute, max_active_sessions, mode, message, refused_settings, orders }) {
  const seen = JSON.stringify([rate_per_minute, max_active_sessions, mode, message, refused_settings, orders?.dead_letters]);
  if (fingerprint !== "" && seen !== fingerprint) {
    clearTimeout(soon);
    soon = Number(setTimeout(readNewest, SOON_MS));
  }
  fingerprint = seen;
}

async function readNewest() {
  const asked = event;
  const { kind, data, why } = await operate("GET", ofEvent(asked, `audit?limit=${PAGE}`));
  if (asked !== event) return;
  if (kind !== "done") {
    draw(why);
    return;
  }
  const joined = joinNewest(entries, data.entries);
  entries = joined.entries;
  if (!joined.joined) older = data.next;
  draw("");
}

async function readOlder() {
  const asked = event;
  const button = byId("audit-older");
  button.disabled = true;
  const { kind, data, why } = await operate("GET", ofEvent(asked, `audit?limit=${PAGE}&before=${encodeURIComponent(older ?? "")}`));
  button.disabled = false;
  if (asked !== event) return;
  if (kind !== "done") {
    draw(why);
    return;
  }
  const first = entries.length;
  entries = [...entries, ...data.entries];
  older = data.next;
  draw("");
  // The button may be gone; whoever uses the keyboard goes on where the new entries begin.
  if (older === null) byId("audit").children[first]?.focus();
}

/** @param {string} why it could not be read; empty: it was */
function draw(why) {
  show(byId("audit-note"), why !== "" || entries.length === 0);
  setText(byId("audit-note"), why || "Nothing was changed yet.");
  show(byId("audit-scroll"), entries.length > 0);
  show(byId("audit-older"), older !== null);
  byId("audit").replaceChildren(...entries.map(row));
}

/** @param {import("../lib/audit.js").Entry} entry */
function row(entry) {
  const { what, from, to } = deed(entry);
  const { name, way } = author(entry);
  const change = to === null ? [] : [h("span", { class: "from" }, from), h("span", { class: "arrow" }, " → "), h("span", { class: "to" }, to)];
  return h(
    "tr",
    { tabindex: -1 },
    h("td", { class: "audit-what" }, h("span", { class: "deed" }, what), " ", ...change),
    h("td", { class: "audit-who" }, h("b", {}, name), " ", h("span", { class: "dim" }, way), " "),
    h("td", { class: "audit-when" }, h("time", { datetime: entry.at }, moment(entry.at, now()))),
  );
}
