/** Draws what a {@link Queue} holds. It only reads the queue, and touches the page only where something changed. */
import { byId, linkTo, setText, show } from "../dom.js";
import { clockTime, dateTime, number, t } from "../i18n.js";
import { countdown } from "../lib/eta.js";
import { forgetful } from "../vault.js";
import { Announcer } from "./announce.js";
import { callFor, nameTab } from "./attention.js";
import { faceOf } from "./face.js";
import { drawDraw, drawOffers, drawPlace, drawSteps } from "./panels.js";

/** @typedef {import("./queue.js").Queue} Queue */
/** @typedef {import("./face.js").Face} Face */

const announcer = new Announcer();

/** @param {Queue} queue */
export function render(queue) {
  const face = faceOf(queue);
  const focused = /** @type {HTMLElement|null} */ (document.activeElement);
  drawHeadline(queue);
  drawSign(queue, face);
  const notices = drawNotices(queue, face);
  drawOffers(queue);
  drawSteps(queue, face);
  drawDraw(queue);
  drawPlace(queue);
  nameTab(nameOf(queue), face, queue.now);
  announce(queue, face, notices);
  // A button that did its work disappears; whoever works with the keyboard must not be thrown back to the top.
  if (focused?.closest("#sign, #stay") && focused.closest("[hidden]")) byId("state").focus({ preventScroll: true });
}

/** @param {Queue} queue */
function nameOf({ stock, unknown }) {
  return unknown || stock.event === null ? t("site.name") : stock.event.name;
}

/** @param {Queue} queue */
function drawHeadline(queue) {
  const { event } = queue.stock;
  setText(byId("event-name"), nameOf(queue));
  const facts = [event?.venue, event?.starts_at ? dateTime(event.starts_at) : null];
  setText(byId("event-facts"), facts.filter(Boolean).join(" · "));
}

/** @param {Queue} queue @param {Face} face */
function drawSign(queue, face) {
  const { board, now } = queue;
  byId("sign").dataset.situation = face.situation;
  setText(byId("state"), face.state);
  setText(byId("lead"), face.lead);
  const live = byId("live");
  show(live, board !== null);
  if (board) {
    live.dataset.off = String(queue.trouble !== null);
    setText(live, queue.trouble ? t("live.off") : t("live"));
  }

  const people = face.ahead !== null && face.ahead !== undefined;
  const timed = face.until !== null && face.until !== undefined;
  show(byId("figure"), people || timed);
  show(byId("ahead"), people);
  show(byId("countdown"), timed);
  if (people) {
    const text = number(face.ahead ?? 0);
    setText(byId("ahead"), text);
    byId("figure").dataset.long = String(text.length > 6);
  }
  if (timed) {
    const { days, clock } = countdown((face.until ?? 0) - now);
    setText(byId("countdown"), days > 0 ? t("unit.days", { count: days }) : clock);
    byId("figure").dataset.long = String(days > 0 || clock.length > 6);
  }
  setText(byId("unit"), face.unit ?? "");

  const progress = Math.min(queue.seat?.shown?.progress ?? 0, face.situation === "next" ? 0.98 : 0.96);
  show(byId("line"), Boolean(face.line));
  byId("line").setAttribute("aria-valuenow", String(Math.round(progress * 100)));
  byId("line").style.setProperty("--progress", String(progress));

  const { eta = null, turn = null, position = null, waiting = null } = face;
  const facts = { eta, turn, position, waiting };
  show(byId("facts"), Object.values(facts).some((fact) => fact !== null));
  for (const [name, fact] of Object.entries(facts)) drawFact(name, fact);
  drawActions(queue, face);
}

/** @param {string} name @param {[string, string]|null} fact */
function drawFact(name, fact) {
  show(byId(`fact-${name}`), fact !== null);
  if (fact === null) return;
  setText(byId(`fact-${name}-label`), fact[0]);
  setText(byId(name), fact[1]);
}

/** @param {Queue} queue @param {Face} face */
function drawActions(queue, face) {
  const { knocking } = queue.door;
  const { joining, busy } = queue.seating;
  const join = byId("join");
  show(join, Boolean(face.join) && !joining);
  setText(join, face.join ?? "");
  const enter = byId("enter");
  show(enter, Boolean(face.enter) && !knocking);
  setText(enter, face.enterLabel ?? t("action.enter"));
  const rejoin = byId("rejoin");
  show(rejoin, Boolean(face.rejoin) && !joining);
  setText(rejoin, face.rejoin ?? "");
  rejoin.disabled = busy;
  const order = byId("order-link");
  show(order, Boolean(face.order));
  order.href = linkTo("order", queue.event);
  show(byId("home-link"), Boolean(face.home));

  const attempt = tryingOf(queue);
  show(byId("trying"), attempt !== null);
  setText(byId("trying"), attempt?.text ?? "");
  show(byId("cancel"), knocking !== null && knocking.retryAt !== null);

  const holds = Boolean(queue.seat?.token) && !["admitted", "closed", "missed"].includes(face.situation);
  show(byId("stay"), holds);
  byId("leave").disabled = busy;
}

/** @param {Queue} queue what the fan has asked for and is still waiting for */
function tryingOf({ door: { knocking }, seating: { joining }, now }) {
  const attempt = knocking ?? joining;
  if (attempt === null) return null;
  const kind = knocking ? "door" : "joining";
  const { reason, retryAt } = attempt;
  if (retryAt === null) return { reason, text: t(`${kind}.asking`) };
  return { reason, text: t(`${kind}.${reason}`, { seconds: Math.max(1, Math.ceil((retryAt - now) / 1000)) }) };
}

/** @param {Queue} queue @param {Face} face @returns {string[]} what of it is worth telling who does not see it */
function drawNotices(queue, face) {
  const { board, trouble, seat, climbs, refusal, stock } = queue;
  const offline = byId("notice-offline");
  show(offline, queue.offline);
  if (trouble) setText(offline, t("notice.offline", { time: clockTime(trouble.since, true) }));

  const refused = byId("notice-refused");
  const silent = ["", "call-missed", "session-ended", "ticket-left"];
  const refuses = !silent.includes(refusal);
  show(refused, refuses);
  const known = ["unreachable", "event-closed", "rejoin-not-allowed"].includes(refusal);
  setText(refused, known ? t(`notice.${refusal}`) : t("notice.refused", { reason: refusal }));

  const message = (board?.message ?? queue.status?.message ?? "").trim();
  show(byId("notice-message"), message !== "");
  setText(byId("message"), message);

  const waits = face.situation === "waiting";
  const why = byId("notice-climbs");
  const explains = waits && (climbs === "slowed" || climbs === "rebuilt");
  show(why, explains);
  if (climbs === "slowed" && board?.slowed_at) setText(why, t("notice.slowed", { time: clockTime(board.slowed_at) }));
  if (climbs === "rebuilt") setText(why, t("notice.rebuilt", { time: clockTime(queue.reseatedAt ?? queue.now) }));
  show(byId("notice-held"), waits && Boolean(seat?.shown?.held) && climbs === null);

  const soldOut = stock.soldOut && face.situation !== "closed";
  show(byId("notice-sold-out"), soldOut);
  show(byId("notice-forgetful"), forgetful && Boolean(seat?.secret));

  const told = [refuses ? refused.textContent : "", message === "" ? "" : `${t("notice.organiser")}: ${message}`];
  told.push(explains ? why.textContent : "", soldOut ? t("notice.sold_out") : "");
  return told.filter(Boolean);
}

/** @param {Queue} queue @param {Face} face @param {string[]} notices */
function announce(queue, face, notices) {
  const { situation, state, until } = face;
  const { alert, status } = announcer.hear({
    situation,
    state,
    offline: queue.offline,
    etaSeconds: queue.seat?.shown?.mid ?? null,
    leftSeconds: until === null || until === undefined ? null : (until - queue.now) / 1000,
    trying: tryingOf(queue),
    notices,
  });
  if (status) setText(byId("say"), spoken(status));
  if (alert === null) return;
  setText(byId("alert"), spoken(alert));
  if (alert.some(({ key }) => key.startsWith("say.your_turn"))) callFor(face, byId("bell").checked);
}

/** @param {import("./announce.js").Words[]} words */
function spoken(words) {
  return words
    .map(({ key, params = {} }) => {
      if (key === "text") return params.text;
      if (params.unit) return t(key, { duration: t(`duration.${params.unit}`, { count: params.count }) });
      return t(key, params);
    })
    .join(" ");
}
