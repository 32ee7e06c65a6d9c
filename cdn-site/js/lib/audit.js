/**
 * An entry of the audit log in words: what was done, and by which way.
 *
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} at
 * @property {string|null} who
 * @property {string|null} role
 * @property {string} via
 * @property {string} action
 * @property {Record<string, any>} detail
 */

/** @type {Record<string, string>} */
const SETTINGS = {
  "admission-rate-per-minute": "Rate",
  "max-active-sessions": "Sessions limit",
  mode: "Mode",
  message: "Message",
};

/** What is refused as a whole, when not even its single values can be read. @type {Record<string, string>} */
export const SOURCES = { "settings-file": "The settings file", parameters: "The parameters" };

/** @type {Record<string, string>} */
const VIAS = {
  console: "console",
  api: "API",
  "settings-file": "settings file",
  "parameter-store": "parameter store",
};

/** @param {Entry} entry @returns {{what: string, from: string|null, to: string|null}} `from` and `to` where a setting changed */
export function deed({ action, detail }) {
  const nothing = { from: null, to: null };
  switch (action) {
    case "setting-changed":
      return { what: settingName(detail.setting), from: value(detail.from), to: value(detail.to) };
    case "setting-refused":
      if (SOURCES[detail.setting]) return { what: `${SOURCES[detail.setting]} refused, ${detail.reason}`, ...nothing };
      return { what: `${settingName(detail.setting)}: ${value(detail.value)} refused, ${detail.reason}`, ...nothing };
    case "dead-letters-redriven":
      return { what: detail.redriven === 1 ? "One dead letter sent again" : `${detail.redriven} dead letters sent again`, ...nothing };
    case "keys-rotated":
      return { what: "Signing keys rotated", ...nothing };
    case "signed-in":
      return { what: "Signed in", ...nothing };
    case "sign-in-refused":
      return { what: detail.attempts > 1 ? `${detail.attempts} sign-ins refused, the last from ${detail.address}` : `Sign-in refused, from ${detail.address}`, ...nothing };
    default:
      return { what: action.replaceAll("-", " "), ...nothing };
  }
}

/** @param {Entry} entry @returns {{name: string, way: string}} */
export function author({ who, role, via }) {
  const way = VIAS[via] ?? via;
  if (who) return { name: who, way: role ? `${role}, ${way}` : way };
  if (via === "settings-file" || via === "parameter-store") return { name: "Outside the console", way };
  return { name: role ? role.charAt(0).toUpperCase() + role.slice(1) : "Unknown", way };
}

/** @param {string} setting */
function settingName(setting) {
  return SETTINGS[String(setting).replaceAll("_", "-")] ?? setting;
}

/** @param {unknown} given */
function value(given) {
  if (given === null || given === undefined) return "unset";
  return given === "" ? "none" : String(given);
}

/**
 * The newest entries put before those already known. Where the newest page does not reach the known ones, those are
 * let go, so that the list never hides a hole.
 *
 * @param {Entry[]} known newest first @param {Entry[]} newest newest first
 * @returns {{entries: Entry[], joined: boolean}}
 */
export function joinNewest(known, newest) {
  const ids = new Set(newest.map(({ id }) => id));
  const meets = known.findIndex(({ id }) => ids.has(id));
  if (known.length > 0 && meets === -1) return { entries: newest, joined: false };
  return { entries: [...newest, ...known.filter(({ id }) => !ids.has(id))], joined: known.length > 0 };
}
