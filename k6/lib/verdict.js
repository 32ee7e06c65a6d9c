/** What the counters of a run, or of all its machines together, say about the door. */

const TAGGED = /^(\w+)\{from:(\d+)\}$/;

/** The counts of `metric` by the beginnings of its windows. */
function byWindow(counters, metric) {
  const counts = new Map();
  for (const [name, count] of Object.entries(counters)) {
    const tagged = TAGGED.exec(name);
    if (tagged?.[1] === metric) counts.set(Number(tagged[2]), count);
  }
  return counts;
}

function claimsIn(claims, from, length) {
  let sum = 0;
  for (const [second, count] of claims) if (second >= from && second < from + length) sum += count;
  return sum;
}

/** Whether of a balance remains what must. */
export function holds({ rule, count }) {
  return rule === "count==0" ? count === 0 : count <= 0;
}

/**
 * The claims, and where most of them came within a short window; nothing when nobody claimed.
 *
 * @param {Record<string, number>} counters
 * @param {{short: number, idle: number}} lengths of the windows, in seconds
 */
export function doorOf(counters, { short }) {
  const all = counters.claims ?? 0;
  if (all === 0) return null;
  const claims = byWindow(counters, "claims");
  let busiest = { from: 0, claims: -1, allowed: 0 };
  for (const [from, above] of byWindow(counters, "claims_above_rate_10s")) {
    const inside = claimsIn(claims, from, short);
    if (inside > busiest.claims) busiest = { from, claims: inside, allowed: inside - above };
  }
  const [above] = byWindow(counters, "claims_above_rate_in_all").values();
  return { claims: all, busiest, allowed: all - (above ?? 0) };
}

/** How much of the rate was used in the windows full of demand; nothing when there were none. */
export function busyOf(counters, { idle }) {
  const claims = byWindow(counters, "claims");
  const windows = [...byWindow(counters, "permits_offered")].filter(([, offered]) => offered > 0);
  if (windows.length === 0) return null;
  const shares = windows.map(([from, offered]) => claimsIn(claims, from, idle) / offered);
  const starts = windows.map(([from]) => from);
  return {
    share: shares.reduce((sum, share) => sum + share, 0) / shares.length,
    worst: Math.min(...shares),
    from: Math.min(...starts),
    to: Math.max(...starts) + idle,
  };
}
