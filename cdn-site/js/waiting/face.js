/** What the sign says in each situation: words and figures, without the page. */
import { clockTime, etaText, moment, number, t } from "../i18n.js";
import { etaWords, turnTime } from "../lib/eta.js";
import { etaOf } from "../lib/position.js";
import { orderOfTicket } from "../vault.js";

/** @typedef {import("./queue.js").Queue} Queue */

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
 * @property {[string, string]|null} [position]
 * @property {[string, string]|null} [waiting]
 * @property {string} [join] label of the button that joins
 * @property {string} [rejoin] label of the button that leads back
 * @property {boolean} [enter]
 * @property {string} [enterLabel]
 * @property {boolean} [order]
 * @property {boolean} [home]
 */

/** @param {Queue} queue @returns {Face} */
export function faceOf(queue) {
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
  switch (situation) {
    case "not-open":
      return {
        situation,
        state: t("state.not_open"),
        lead: t(hasDraw(board) ? "intro.not_open" : "intro.not_open_no_draw"),
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
        waiting: inDraw(board),
      };
    case "drawing":
      return { situation, state: t("state.drawing"), lead: t("lead.drawing"), waiting: inDraw(board) };
    case "waiting":
    case "paused": {
      const paused = situation === "paused";
      return {
        situation,
        state: t(paused ? "state.paused" : "state.waiting"),
        lead: paused ? t("lead.paused") : t("lead.waiting_call", { minutes: callWindow(board) }),
        ahead: shown?.ahead ?? null,
        unit: t("unit.ahead", { count: shown?.ahead ?? 0 }),
        line: true,
        eta: [t("fact.eta"), paused ? t("fact.eta_paused") : wait(shown)],
        turn:
          paused || shown?.mid == null ? null : [t("fact.turn"), t("fact.around", { time: moment(turnTime(now, shown.mid), now) })],
        position: shown === null ? null : position(shown.ahead, board),
      };
    }
    case "next":
      return { situation, state: t("state.next"), lead: t("lead.next"), line: true };
    case "recovering":
      return { situation, state: t("state.recovering"), lead: t("lead.recovering"), line: Boolean(shown) };
    case "bypass":
      return { situation, state: t("state.bypass"), lead: t("lead.bypass"), enter: true };
    case "called":
      return {
        situation,
        state: t("state.called"),
        lead: t(board.phase === "paused" ? "lead.called_paused" : "lead.called"),
        until: callEnds(queue),
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
      waiting: inDraw(board),
      join: t("action.draw"),
    };
  }
  if (board.phase === "bypass") {
    return { situation, state: t("state.outside_bypass"), lead: t("intro.bypass"), join: t("action.go_in") };
  }
  const eta = etaOf(board.waiting, board);
  const paused = board.phase === "paused";
  // While the queue is put back in order nobody knows how many there are.
  const known = board.phase !== "recovering";
  const crowd = known && board.waiting > 0;
  return {
    situation,
    state: t(paused ? "state.paused" : "state.outside"),
    lead: t(paused ? "intro.paused" : crowd || !known ? "intro.lead" : "intro.nobody"),
    ahead: crowd ? board.waiting : null,
    unit: t("unit.waiting_now", { count: board.waiting }),
    eta: eta && crowd ? [t("fact.eta_new"), etaText(etaWords(eta.low, eta.high))] : null,
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

/** @param {import("../lib/contract.js").Board} board @returns {[string, string]|null} */
function inDraw({ waiting }) {
  return waiting > 0 ? [t("fact.in_draw"), number(waiting)] : null;
}

/** @param {number} ahead @param {import("../lib/contract.js").Board} board @returns {[string, string]} */
function position(ahead, board) {
  return [t("fact.position"), t("fact.position_of", { position: ahead + 1, total: Math.max(board.waiting, ahead + 1) })];
}

/** @param {import("../lib/contract.js").Board|null} board how long a called fan has to come in */
export function callWindow(board) {
  const minutes = Math.max(1, Math.round((board?.call_window_seconds ?? 120) / 60));
  return t("steps.window", { count: minutes });
}

/** When the call window ends; a clock that is guessed a second behind does not make it longer. @param {Queue} queue */
function callEnds({ board, status, now }) {
  if (!status?.call_expires_at) return null;
  return Math.min(Date.parse(status.call_expires_at), now + (board?.call_window_seconds ?? Infinity) * 1000);
}

/** @param {import("../lib/contract.js").Board} board whether who comes before the sale is put in order by a draw */
export function hasDraw(board) {
  return Date.parse(board.opens_at) < Date.parse(board.on_sale_at);
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
