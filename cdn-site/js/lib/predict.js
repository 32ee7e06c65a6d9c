/**
 * What a rate will do to the queue, said before it is applied.
 *
 * The door admits `rate` a minute. While a share of those called never comes, the controller calls more, so the queue
 * shortens by rate / (1 − share) a minute, less those who join.
 *
 * @typedef {object} Prediction
 * @property {number|null} lastServedSeconds until the last person waiting now is called; null: never
 * @property {number|null} emptySeconds until nobody waits, with arrivals going on as now; null: it never empties
 * @property {number} growthPerMinute of the queue; negative while it shrinks
 * @property {boolean} limitedBySessions the sessions limit binds now, so that a higher rate changes nothing
 */

/**
 * @param {object} input
 * @param {number} input.rate
 * @param {number} input.waiting
 * @param {number} input.joinsPerMinute
 * @param {number|null} input.noShowShare
 * @param {number} input.sessions
 * @param {number} input.maxSessions
 * @returns {Prediction}
 */
export function predict({ rate, waiting, joinsPerMinute, noShowShare, sessions, maxSessions }) {
  const share = Math.min(Math.max(noShowShare ?? 0, 0), 0.95);
  const served = rate / (1 - share);
  const growthPerMinute = joinsPerMinute - served;
  return {
    lastServedSeconds: served > 0 ? (waiting / served) * 60 : null,
    emptySeconds: waiting === 0 ? 0 : growthPerMinute < 0 ? (waiting / -growthPerMinute) * 60 : null,
    growthPerMinute,
    limitedBySessions: maxSessions > 0 && sessions >= maxSessions,
  };
}
