/**
 * The last minutes of a few series, thinned so that an hour stays a few hundred points.
 *
 * @template {string} K
 * @typedef {{at: number} & Record<K, number>} Point
 */

/**
 * @param {number} spanMs
 * @param {number} resolutionMs
 */
export function history(spanMs, resolutionMs) {
  /** @type {({at: number} & Record<string, number>)[]} */
  let points = [];
  return {
    /** @param {{at: number} & Record<string, number>} point */
    add(point) {
      const last = points[points.length - 1];
      const sameSlot = last && Math.floor(last.at / resolutionMs) === Math.floor(point.at / resolutionMs);
      if (sameSlot) points[points.length - 1] = point;
      else points.push(point);
      const oldest = point.at - spanMs;
      if (points[0].at < oldest) points = points.filter(({ at }) => at >= oldest);
    },
    clear() {
      points = [];
    },
    get points() {
      return points;
    },
  };
}

/**
 * A round number at or above the value, for the top of an axis.
 *
 * @param {number} value
 */
export function niceCeiling(value) {
  if (value <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const factor of [1, 1.5, 2, 3, 4, 5, 6, 8, 10]) if (factor * power >= value) return factor * power;
  return 10 * power;
}
