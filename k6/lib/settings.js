/** Settings from the environment: each is checked, and all that is wrong is told at once. */

/** A whole number of at least `min`. */
export const whole = (fallback, min = 1) => ({
  fallback,
  parse: (text) => (/^\d+$/.test(text) && Number(text) >= min ? Number(text) : null),
  wants: `a whole number from ${min}`,
});

/** A number from 0 to 1. */
export const share = (fallback) => ({
  fallback,
  parse: (text) => (text !== "" && Number(text) >= 0 && Number(text) <= 1 ? Number(text) : null),
  wants: "a number from 0 to 1",
});

const UNITS = { "": 1, ms: 0.001, s: 1, m: 60, h: 3600 };

/** A duration in seconds, such as `90`, `500ms`, `5m` or `2h`. */
export const seconds = (fallback) => ({
  fallback,
  parse: (text) => {
    const parts = /^(\d+(?:\.\d+)?)(ms|s|m|h|)$/.exec(text);
    return parts ? Number(parts[1]) * UNITS[parts[2]] : null;
  },
  wants: "a duration such as 90s, 5m or 2h",
});

/** Any text. */
export const text = (fallback) => ({ fallback, parse: (given) => given, wants: "a text" });

/** `0` or `1`. */
export const flag = (fallback) => ({
  fallback,
  parse: (given) => (given === "0" || given === "1" ? given === "1" : null),
  wants: "0 or 1",
});

/** An http address, without a slash at its end. */
export const address = (fallback) => ({
  fallback,
  parse: (given) => (/^https?:\/\/[^/\s]+(\/[^\s]*)?$/.test(given) ? given.replace(/\/+$/, "") : null),
  wants: "an http or https address",
});

/** A moment in seconds since 1970, as `date +%s` prints it. */
export const moment = (fallback) => ({
  fallback,
  parse: (given) => (/^\d{10}$/.test(given) ? Number(given) : null),
  wants: "a time in seconds since 1970",
});

/**
 * What the stages of an operator's plan are: `SECOND:RATE` or `SECOND:pause`, with commas, the seconds ascending.
 */
export const plan = (fallback) => ({
  fallback,
  parse: (given) => {
    const stages = given.split(",").map((stage) => {
      const parts = /^(\d+):(\d+|pause)$/.exec(stage.trim());
      return parts && { second: Number(parts[1]), perMinute: parts[2] === "pause" ? 0 : Number(parts[2]) };
    });
    const fits = stages.every((stage, n) => stage && (n === 0 || stage.second > stages[n - 1].second));
    return fits ? stages : null;
  },
  wants: "stages such as 0:600,30:pause,40:1200",
});

/**
 * Reads `wanted`, a map from environment variables to kinds, from `env`.
 *
 * @returns {Record<string, any>} the values, under the variables' names
 */
export function read(wanted, env) {
  const faults = [];
  const values = {};
  for (const [name, kind] of Object.entries(wanted)) {
    const given = env[name];
    const isGiven = given !== undefined && given.trim() !== "";
    values[name] = isGiven ? kind.parse(given.trim()) : kind.fallback;
    if (isGiven && values[name] === null) faults.push(`${name} must be ${kind.wants}, not "${given}"`);
  }
  if (faults.length > 0) throw new Error(faults.join("\n"));
  return values;
}
