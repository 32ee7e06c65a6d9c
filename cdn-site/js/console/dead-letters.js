/** Orders that fulfilment gave up, and the way to try them again. */
import { byId, h, setText, show } from "../dom.js";
import { count, moment } from "./format.js";
import { ofEvent, operate } from "./operator-api.js";
import { say } from "./say.js";

let event = "";
let known = -1;
let now = () => Date.now();

/** @param {() => number} serverNow */
export function wireDeadLetters(serverNow) {
  now = serverNow;
  byId("redrive").addEventListener("click", redrive);
}

/** @param {string} id */
export function showDeadLetters(id) {
  event = id;
  known = -1;
  draw([]);
}

/** The figures count them; the list is read when the count changes. @param {import("../lib/contract.js").Figures} figures */
export function compareDeadLetters(figures) {
  const dead = figures.orders?.dead_letters ?? 0;
  if (dead === known) return;
  known = dead;
  void read();
}

async function read() {
  const asked = event;
  const { kind, data, why } = await operate("GET", ofEvent(asked, "dead-letters"));
  if (asked !== event) return;
  if (kind === "done") draw(data.dead_letters);
  else {
    known = -1;
    show(byId("dead-note"), true);
    setText(byId("dead-note"), why);
  }
}

/** @param {{id: string, order_id: string, reason: string, received_count: number, died_at: string}[]} letters */
function draw(letters) {
  show(byId("redrive"), letters.length > 0);
  show(byId("dead-scroll"), letters.length > 0);
  show(byId("dead-note"), letters.length === 0);
  setText(byId("dead-note"), "None: every order was settled or is under way.");
  byId("dead").replaceChildren(
    ...letters.map((letter) =>
      h(
        "tr",
        {},
        h("th", { scope: "row", class: "code" }, letter.order_id ?? letter.id),
        h("td", { class: "start" }, letter.reason),
        h("td", {}, letter.received_count === 1 ? "once" : `${count(letter.received_count)} times`),
        h("td", {}, moment(letter.died_at, now())),
      ),
    ),
  );
}

async function redrive() {
  const button = byId("redrive");
  button.disabled = true;
  const { kind, data, why } = await operate("POST", ofEvent(event, "dead-letters/redrive"));
  button.disabled = false;
  if (kind === "done") say(data.redriven === 1 ? "One order is tried again." : `${count(data.redriven)} orders are tried again.`);
  else say(why);
  await read();
  if (button.hidden) byId("dead-title").focus();
}
