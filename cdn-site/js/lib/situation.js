/**
 * Which of the waiting page's faces to show. One function decides, from what is known and without side effects.
 *
 * @typedef {"loading"|"not-open"|"outside"|"closed"|"prequeue"|"drawing"|"waiting"|"next"|"paused"|"recovering"
 *   |"bypass"|"called"|"missed"|"admitted"|"left"} Situation
 */

/**
 * @param {object} known
 * @param {import("./contract.js").Seat|null} known.seat
 * @param {import("./contract.js").Board|null} known.board
 * @param {import("./contract.js").Status|null} known.status
 * @param {boolean} known.left the fan left the queue on this page
 * @param {number} known.now milliseconds by the server's clock
 * @returns {Situation}
 */
export function situationOf({ seat, board, status, left, now }) {
  if (board === null) return "loading";
  const holds = Boolean(seat?.token);
  if (holds && status?.state === "admitted") return "admitted";
  if (board.phase === "closed") return "closed";
  if (!holds) {
    if (left) return "left";
    return now < Date.parse(board.opens_at) ? "not-open" : "outside";
  }
  if (board.phase === "recovering") return "recovering";
  if (status?.state === "expired") return "missed";
  if (status?.state === "called") return "called";
  if (board.phase === "bypass") return "bypass";
  // The clock has run out, and the board that says so is on its way.
  if (board.phase === "prequeue") return now < Date.parse(board.on_sale_at) ? "prequeue" : "drawing";
  if (seat?.place === null || seat?.place === undefined) return "drawing";
  if (board.phase === "paused") return "paused";
  return seat.place <= board.frontier ? "next" : "waiting";
}
