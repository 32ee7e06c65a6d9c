/** The lines of a summary that `judge.js` writes too. */

/** What the rate allowed and what there was. */
export function rateLine(door, world, { short }) {
  if (door === null) return "nobody claimed";
  return (
    `${door.claims} claims of ${door.allowed} allowed in all; ${door.busiest.claims} of ${door.busiest.allowed} allowed in ` +
    `the busiest ${short} s; ${world?.perMinute} a minute at the beginning`
  );
}

/** How busy the door was. */
export function busyLine(busy, { idle }) {
  if (busy === null) return `not measured: fans never waited for ${idle} s without a break`;
  const part = (number) => `${Math.round(number * 1000) / 10} %`;
  return (
    `${part(busy.share)} of the rate from second ${busy.from} to ${busy.to} while fans waited, ` +
    `${part(busy.worst)} in the worst ${idle} s`
  );
}
