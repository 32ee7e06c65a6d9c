/** What stands beside the sign: prices and stock, what happens next, the draw, and the fan's own place. */
import { byId, h, setText, show } from "../dom.js";
import { clockTime, locale, t } from "../i18n.js";
import { canDraw } from "../lib/draw.js";
import { money } from "../lib/money.js";
import { callWindow, hasDraw } from "./face.js";

/** @typedef {import("./queue.js").Queue} Queue */
/** @typedef {import("./face.js").Face} Face */

let offersDrawn = "";

/** @param {Queue} queue */
export function drawOffers({ stock: { event } }) {
  show(byId("offers-panel"), event !== null && event.offers.length > 0);
  if (!event) return;
  const most = Math.max(...event.offers.map((offer) => offer.max_per_order));
  setText(byId("offers-note"), t("offers.note", { count: most, time: clockTime(event.server_time) }));
  const fingerprint = JSON.stringify(event.offers) + locale;
  if (fingerprint === offersDrawn) return;
  offersDrawn = fingerprint;
  byId("offers").replaceChildren(
    ...event.offers.map((offer) =>
      h(
        "tr",
        { "data-testid": `offer-${offer.id}`, class: offer.stock_left <= 0 ? "gone" : null },
        h("th", { scope: "row" }, offer.name),
        h("td", {}, money(offer.price_cents, offer.currency, locale)),
        h("td", { class: "dim" }, offer.stock_left <= 0 ? t("offers.sold_out") : t("home.left", { count: offer.stock_left })),
      ),
    ),
  );
}

const STEPS = ["draw", "wait", "call", "shop"];

/** @type {Record<string, string>} */
const STEP_OF = {
  prequeue: "draw",
  drawing: "draw",
  waiting: "wait",
  next: "wait",
  paused: "wait",
  recovering: "wait",
  called: "call",
  bypass: "call",
  admitted: "shop",
};

/** @param {Queue} queue @param {Face} face */
export function drawSteps({ board, seat }, face) {
  show(byId("steps-panel"), !["unknown", "closed", "loading"].includes(face.situation));
  show(byId("step-draw"), board !== null && hasDraw(board) && (seat?.cohort !== "arrival" || board.phase === "prequeue"));
  setText(byId("step-call-text"), t("steps.call_text", { minutes: callWindow(board) }));
  const current = STEP_OF[face.situation] ?? "";
  for (const step of STEPS) {
    const item = byId(`step-${step}`);
    if (step === current) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
}

/** The seal is for everybody to note down before the draw; the check is for who was in it. @param {Queue} queue */
export function drawDraw({ seat, board }) {
  const early = board !== null && hasDraw(board) && board.phase === "prequeue";
  const drawn = board !== null && seat?.cohort === "prequeue";
  show(byId("draw-panel"), early || drawn);
  if (!board) return;
  const { commitment, seed } = board.draw;
  setText(byId("draw-text"), t(seed ? "draw.opened" : "draw.sealed"));
  setText(byId("draw-commitment"), commitment);
  show(byId("draw-seed-row"), Boolean(seed));
  setText(byId("draw-seed"), seed ?? "");
  show(byId("check-draw"), drawn && Boolean(seed) && canDraw());
}

/** @param {Queue} queue */
export function drawPlace({ seat }) {
  show(byId("place-panel"), Boolean(seat?.ticket));
  if (!seat?.ticket) return;
  setText(byId("place-ticket"), seat.ticket);
  setText(byId("place-number"), seat.place === null || seat.place === undefined ? t("place.pending") : String(seat.place));
  setText(byId("place-cohort"), t(seat.cohort === "prequeue" ? "place.cohort_prequeue" : "place.cohort_arrival"));
}
