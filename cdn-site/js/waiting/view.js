/** Draws what a {@link Queue} holds. It only reads the queue, and touches the page only where something changed. */
import { byId, h, linkTo, setText, show } from "../dom.js";
import { clockTime, dateTime, etaText, locale, moment, number, t } from "../i18n.js";
import { canDraw } from "../lib/draw.js";
import { countdown, etaBand, etaWords, turnTime } from "../lib/eta.js";
import { money } from "../lib/money.js";
import { etaOf } from "../lib/position.js";
import { forgetful, orderOfTicket } from "../vault.js";

/** @typedef {import("./queue.js").Queue} Queue */

/** What was announced last, so that screen readers hear changes of band and not every number. */
const said = { situation: "", band: /** @type {number|null} */ (null), offline: false };

/** @param {Queue} queue */
export function render(queue) {
  const face = faceOf(queue);
  const focused = /** @type {HTMLElement|null} */ (document.activeElement);
  drawHeadline(queue);
  drawSign(queue, face);
  drawNotices(queue, face);
  drawOffers(queue);
  drawSteps(queue, face);
  drawPlace(queue);
  drawTitle(queue, face);
  announce(queue, face);
  // A button that did its work disappears; whoever works with the keyboard must not be thrown back to the top.
  if (focused?.closest("#sign, #stay") && focused.closest("[hidden]")) byId("state").focus({ preventScroll: true });
}

/**
 * @typedef {object} Face what the sign says in one situation
 * @property {string} situation
 * @property {string} state heading
 * @property {string} lead
 * @property {number|null} [ahead] the big number, as people
 * @property {number|null} [until] the big number, as a countdown to this moment
 * @property {string} [unit]
 * @property {boolean} [line] shows the progress line
 * @property {[string, string]|null} [eta]
 * @property {[string, string]|null} [turn]
 * @property {[string, string]|null} [waiting]
 * @property {string} [join] label of the button that joins
 * @property {string} [rejoin] label of the button that leads back
 * @property {boolean} [enter]
 * @property {string} [enterLabel]
 * @property {boolean} [order]
 * @property {boolean} [home]
 */

/** @param {Queue} queue @returns {Face} */
function faceOf(queue) {
  if (queue.unknown) return { situation: "unknown", state: t("state.unknown"), lead: t("lead.unknown"), home: true };
  const { board, status, seat, situation, now } = queue;
  const shown = seat?.shown ?? null;
  if (board === null) {
    const kept = queue.trouble !== null && Boolean(seat?.token);
    return {
      situation,
      state: t(kept ? "state.recovering" : "state.loading"),
      lead: t("lead.loading"),
      ahead: kept ? (shown?.ahead ?? null) : null,
      unit: t("unit.ahead", { count: shown?.ahead ?? 0 }),
      line: kept && shown !== null,
    };
  }
  const total = /** @type {[string, string]} */ ([t("fact.waiting"), number(Math.max(board.waiting, shown?.ahead ?? 0))]);
  switch (situation) {
    case "not-open":
      return {
        situation,
        state: t("state.not_open"),
        lead: t("intro.not_open"),
        until: Date.parse(board.opens_at),
        unit: t("unit.until_open"),
        turn: [t("fact.sale_starts"), moment(board.on_sale_at, now)],
      };
    case "outside":
      return outside(queue);
    case "prequeue":
      return {
        situation,
        state: t("state.prequeue"),
        lead: t("lead.prequeue"),
        until: Date.parse(board.on_sale_at),
        unit: t("unit.until_draw"),
        turn: [t("fact.sale_starts"), moment(board.on_sale_at, now)],
        waiting: board.waiting > 0 ? [t("fact.in_draw"), number(board.waiting)] : null,
      };
    case "drawing":
      return { situation, state: t("state.drawing"), lead: t("lead.drawing"), waiting: total };
    case "waiting":
    case "paused": {
      const paused = situation === "paused";
      return {
        situation,
        state: t(paused ? "state.paused" : "state.waiting"),
        lead: t(paused ? "lead.paused" : "lead.waiting"),
        ahead: shown?.ahead ?? null,
        unit: t("unit.ahead", { count: shown?.ahead ?? 0 }),
        line: true,
        eta: [t("fact.eta"), paused ? t("fact.eta_paused") : wait(shown)],
        turn:
          paused || shown?.mid == null ? null : [t("fact.turn"), t("fact.around", { time: moment(turnTime(now, shown.mid), now) })],
        waiting: total,
      };
    }
    case "next":
      return { situation, state: t("state.next"), lead: t("lead.next"), line: true, waiting: total };
    case "recovering":
      return { situation, state: t("state.recovering"), lead: t("lead.recovering"), line: Boolean(shown) };
    case "bypass":
      return { situation, state: t("state.bypass"), lead: t("lead.bypass"), enter: true };
    case "called":
      return {
        situation,
        state: t("state.called"),
        lead: t(board.phase === "paused" ? "lead.called_paused" : "lead.called"),
        until: status?.call_expires_at ? Date.parse(status.call_expires_at) : null,
        unit: t("unit.call_window"),
        turn: status?.call_expires_at ? [t("fact.call_until"), clockTime(status.call_expires_at, true)] : null,
        enter: true,
      };
    case "missed":
      return missed(queue);
    case "admitted":
      return {
        situation,
        state: t("state.admitted"),
        lead: t("lead.admitted"),
        until: status?.session_expires_at ? Date.parse(status.session_expires_at) : null,
        unit: t("unit.session"),
        enter: true,
        enterLabel: t("action.continue"),
      };
    case "closed":
      return { situation, state: t("state.closed"), lead: t("lead.closed"), order: hasOrder(queue), home: !hasOrder(queue) };
    case "left":
      if (hasOrder(queue)) return { situation, state: t("state.order"), lead: t("lead.order"), order: true };
      return { situation, state: t("state.left"), lead: t("lead.left"), join: t("action.join") };
    default:
      return { situation, state: t("state.loading"), lead: t("lead.loading") };
  }
}

/** @param {Queue} queue @returns {Face} */
function outside(queue) {
  const { now } = queue;
  const board = /** @type {import("../lib/contract.js").Board} */ (queue.board);
  const situation = "outside";
  if (board.phase === "prequeue") {
    return {
      situation,
      state: t("state.outside_draw"),
      lead: t("intro.draw"),
      until: Date.parse(board.on_sale_at),
      unit: t("unit.until_sale"),
      turn: [t("fact.sale_starts"), moment(board.on_sale_at, now)],
      waiting: board.waiting > 0 ? [t("fact.in_draw"), number(board.waiting)] : null,
      join: t("action.draw"),
    };
  }
  if (board.phase === "bypass") {
    return { situation, state: t("state.outside_bypass"), lead: t("intro.bypass"), join: t("action.go_in") };
  }
  const eta = etaOf(board.waiting, board);
  return {
    situation,
    state: t(board.phase === "paused" ? "state.paused" : "state.outside"),
    lead: t(board.phase === "paused" ? "intro.paused" : "intro.lead"),
    ahead: board.waiting,
    unit: t("unit.waiting_now", { count: board.waiting }),
    eta: eta && board.waiting > 0 ? [t("fact.eta_new"), etaText(etaWords(eta.low, eta.high))] : null,
    join: t("action.join"),
  };
}

/** @param {Queue} queue @returns {Face} */
function missed(queue) {
  const again = Boolean(queue.status?.may_rejoin);
  const situation = "missed";
  if (!again && hasOrder(queue)) {
    return { situation, state: t("state.order"), lead: t("lead.order"), order: true };
  }
  const ended = queue.refusal === "session-ended" || queue.wasAdmitted;
  return {
    situation,
    state: t(ended ? "state.ended" : "state.missed"),
    lead: t(again ? "lead.missed" : ended ? "lead.ended" : "lead.missed_final"),
    rejoin: t(again ? "action.rejoin" : "action.join_anew"),
  };
}

/** @param {Queue} queue */
function hasOrder(queue) {
  return orderOfTicket(queue.event) !== null;
}

/** @param {import("../lib/steady.js").Shown|null} shown */
function wait(shown) {
  if (shown === null || shown.low === null || shown.high === null) return t("fact.eta_unknown");
  return etaText(etaWords(shown.low, shown.high));
}

/** @param {Queue} queue */
function drawHeadline({ catalogue, event, unknown }) {
  setText(byId("event-name"), unknown ? t("site.name") : (catalogue?.name ?? event));
  const facts = [catalogue?.venue, catalogue?.starts_at ? dateTime(catalogue.starts_at) : null];
  setText(byId("event-facts"), facts.filter(Boolean).join(" · "));
}

/** @param {Queue} queue @param {Face} face */
function drawSign(queue, face) {
  const { board, door, joining, busy, now } = queue;
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

  show(byId("facts"), Boolean(face.eta || face.turn || face.waiting));
  drawFact("eta", face.eta);
  drawFact("turn", face.turn);
  drawFact("waiting", face.waiting);

  const join = byId("join");
  show(join, Boolean(face.join) && !joining);
  setText(join, face.join ?? "");
  const enter = byId("enter");
  show(enter, Boolean(face.enter) && !door);
  setText(enter, face.enterLabel ?? t("action.enter"));
  const rejoin = byId("rejoin");
  show(rejoin, Boolean(face.rejoin) && !joining);
  setText(rejoin, face.rejoin ?? "");
  rejoin.disabled = busy;
  const order = byId("order-link");
  show(order, Boolean(face.order));
  order.href = linkTo("order", queue.event);
  show(byId("home-link"), Boolean(face.home));

  const attempt = door ?? joining;
  const trying = byId("trying");
  show(trying, attempt !== null);
  show(byId("cancel"), door !== null && door.retryAt !== null);
  if (attempt) {
    const kind = door ? "door" : "joining";
    const seconds = attempt.retryAt === null ? 0 : Math.max(1, Math.ceil((attempt.retryAt - now) / 1000));
    setText(trying, attempt.retryAt === null ? t(`${kind}.asking`) : t(`${kind}.${attempt.reason}`, { seconds }));
  }

  const holds = Boolean(queue.seat?.token) && !["admitted", "closed", "missed"].includes(face.situation);
  show(byId("stay"), holds);
  byId("leave").disabled = busy;
}

/** @param {string} name @param {[string, string]|null|undefined} fact */
function drawFact(name, fact) {
  show(byId(`fact-${name}`), Boolean(fact));
  if (!fact) return;
  setText(byId(`fact-${name}-label`), fact[0]);
  setText(byId(name), fact[1]);
}

/** @param {Queue} queue @param {Face} face */
function drawNotices(queue, face) {
  const { board, trouble, seat, climbs, refusal, catalogue } = queue;
  const offline = byId("notice-offline");
  show(offline, trouble !== null && trouble.failures > 1);
  if (trouble) setText(offline, t("notice.offline", { time: clockTime(trouble.since, true) }));

  const refused = byId("notice-refused");
  const silent = ["", "call-missed", "session-ended", "ticket-left"];
  show(refused, !silent.includes(refusal));
  const known = ["unreachable", "event-closed", "rejoin-not-allowed"].includes(refusal);
  setText(refused, known ? t(`notice.${refusal}`) : t("notice.refused", { reason: refusal }));

  const message = (board?.message ?? queue.status?.message ?? "").trim();
  show(byId("notice-message"), message !== "");
  setText(byId("message"), message);

  const waits = face.situation === "waiting" || face.situation === "next";
  const why = byId("notice-climbs");
  show(why, waits && (climbs === "slowed" || climbs === "rebuilt"));
  if (climbs === "slowed" && board?.slowed_at) setText(why, t("notice.slowed", { time: clockTime(board.slowed_at) }));
  if (climbs === "rebuilt") setText(why, t("notice.rebuilt", { time: clockTime(queue.reseatedAt ?? queue.now) }));
  show(byId("notice-held"), waits && Boolean(seat?.shown?.held) && climbs === null);

  const soldOut = catalogue !== null && catalogue.offers.length > 0 && catalogue.offers.every((offer) => offer.stock_left <= 0);
  show(byId("notice-sold-out"), soldOut && face.situation !== "closed");
  show(byId("notice-forgetful"), forgetful && Boolean(seat?.secret));
}

let offersDrawn = "";

/** @param {Queue} queue */
function drawOffers({ catalogue }) {
  show(byId("offers-panel"), catalogue !== null && catalogue.offers.length > 0);
  if (!catalogue) return;
  const fingerprint = JSON.stringify(catalogue.offers) + locale;
  if (fingerprint === offersDrawn) return;
  offersDrawn = fingerprint;
  byId("offers").replaceChildren(
    ...catalogue.offers.map((offer) =>
      h(
        "tr",
        { "data-testid": `offer-${offer.id}`, class: offer.stock_left <= 0 ? "gone" : null },
        h("th", { scope: "row" }, offer.name),
        h("td", {}, money(offer.price_cents, offer.currency, locale)),
        h("td", { class: "dim" }, offer.stock_left <= 0 ? t("offers.sold_out") : t("home.left", { count: offer.stock_left })),
      ),
    ),
  );
  const most = Math.max(...catalogue.offers.map((offer) => offer.max_per_order));
  setText(byId("offers-note"), t("offers.note", { count: most, time: clockTime(catalogue.server_time) }));
}

/** @param {Queue} queue @param {Face} face */
function drawSteps({ board, seat }, face) {
  show(byId("steps-panel"), !["unknown", "closed", "loading"].includes(face.situation));
  const drawAhead = board !== null && Date.parse(board.opens_at) < Date.parse(board.on_sale_at);
  show(byId("step-draw"), drawAhead && (seat?.cohort !== "arrival" || board?.phase === "prequeue"));
  const minutes = Math.max(1, Math.round((board?.call_window_seconds ?? 120) / 60));
  setText(byId("step-call-text"), t("steps.call_text", { minutes: t("steps.window", { count: minutes }) }));
  const current =
    { prequeue: "draw", drawing: "draw", waiting: "wait", next: "wait", paused: "wait", recovering: "wait", called: "call", bypass: "call", admitted: "shop" }[
      face.situation
    ] ?? "";
  for (const step of ["draw", "wait", "call", "shop"]) {
    const item = byId(`step-${step}`);
    if (step === current) item.setAttribute("aria-current", "step");
    else item.removeAttribute("aria-current");
  }
}

/** @param {Queue} queue */
function drawPlace({ seat, board }) {
  show(byId("place-panel"), Boolean(seat?.ticket));
  if (!seat?.ticket || !board) return;
  setText(byId("place-ticket"), seat.ticket);
  setText(byId("place-number"), seat.place === null || seat.place === undefined ? t("place.pending") : String(seat.place));
  setText(byId("place-cohort"), t(seat.cohort === "prequeue" ? "place.cohort_prequeue" : "place.cohort_arrival"));
  const drawn = seat.cohort === "prequeue";
  show(byId("place-commitment-row"), drawn);
  setText(byId("place-commitment"), board.draw?.commitment ?? "");
  show(byId("place-seed-row"), drawn && Boolean(board.draw?.seed));
  setText(byId("place-seed"), board.draw?.seed ?? "");
  show(byId("draw-check"), drawn);
  show(byId("check-draw"), drawn && Boolean(board.draw?.seed) && canDraw());
}

/** @param {Queue} queue @param {Face} face */
function drawTitle(queue, face) {
  const name = queue.catalogue?.name ?? queue.event;
  const mark =
    {
      waiting: face.ahead == null ? "" : t("title.ahead", { ahead: face.ahead }),
      paused: t("title.paused"),
      next: t("title.next"),
      called: t("title.turn"),
    }[face.situation] ?? face.state;
  const title = mark ? `${mark} · ${name}` : name;
  if (document.title !== title) document.title = title;
  const icon = face.situation === "called" ? "/assets/favicon-turn.svg" : "/assets/favicon.svg";
  const link = byId("favicon");
  if (link.getAttribute("href") !== icon) link.setAttribute("href", icon);
}

/** @param {Queue} queue @param {Face} face */
function announce(queue, face) {
  const { situation } = face;
  const before = said.situation;
  const offline = queue.trouble !== null && queue.trouble.failures > 1;
  if (offline !== said.offline) {
    said.offline = offline;
    if (offline) alertOf(t("say.offline"));
    else {
      alertOf("");
      say(t("say.online"));
    }
  }
  if (situation === "waiting" || situation === "next") {
    const band = situation === "next" ? 0 : etaBand(queue.seat?.shown?.mid ?? null);
    const words = band === null ? "" : band === 0 ? t("say.nearly") : t("say.minutes", { band });
    if (before === "paused" || before === "recovering") say(`${t("say.resumed")} ${words}`);
    else if (before !== "waiting" && before !== "next") say(`${t("say.joined")} ${words}`);
    else if (band !== null && (said.band === null || band < said.band)) say(words);
    said.band = band;
  } else if (situation !== before) {
    if (situation === "called") {
      const left = Date.parse(queue.status?.call_expires_at ?? "") - queue.now;
      alertOf(t("say.your_turn", { minutes: Math.max(1, Math.round((left || 120_000) / 60_000)) }));
    } else if (situation === "missed") alertOf(face.state);
    else if (situation === "paused") say(t("say.paused"));
    else if (situation === "recovering") say(t("say.recovering"));
    else if (situation !== "loading") say(face.state);
  }
  said.situation = situation;
}

/** @param {string} text */
function say(text) {
  setText(byId("say"), text.trim());
}

/** @param {string} text */
function alertOf(text) {
  setText(byId("alert"), text);
}
