/**
 * Messages in the fan's language.
 *
 * English stands in the HTML, so that the page reads well before any script runs; a language is one more file in
 * `messages/` and one more line here. A message is a text with `{name}` holes, or an object of plural forms chosen by
 * the parameter `count`.
 */
import english from "../messages/en.js";
import { recall, remember } from "./vault.js";

/** @typedef {string|Record<string, string>} Message */

/** @type {Record<string, {name: string, load: () => Promise<{default: Record<string, Message>}>}>} */
const LANGUAGES = {
  en: { name: "English", load: async () => ({ default: english }) },
  pt: { name: "Português", load: () => import("../messages/pt.js") },
};

/** @type {Record<string, Message>} */
const fallback = english;
let messages = fallback;
let language = "en";
/** @type {Record<string, Message>} */
let overrides = {};

/** Locale for numbers, times and money: the browser's own variant of the language where it has one. */
export let locale = "en";

/** Chooses the language (address, then earlier choice, then the browser's wish) and translates the page. */
export async function loadLanguage() {
  const wishes = [new URLSearchParams(location.search).get("lang"), recall("language", "all"), ...navigator.languages];
  language = wishes.map((wish) => String(wish ?? "").slice(0, 2).toLowerCase()).find((wish) => wish in LANGUAGES) ?? "en";
  try {
    messages = (await LANGUAGES[language].load()).default;
  } catch {
    language = "en";
  }
  locale = navigator.languages.find((tag) => tag.toLowerCase().startsWith(language)) ?? language;
  document.documentElement.lang = language;
  if (language !== "en") translatePage();
  offerLanguages();
}

/**
 * Puts a theme's own words in place of ours.
 *
 * @param {Record<string, Record<string, Message>>|undefined} texts by language
 */
export function overrideMessages(texts) {
  overrides = texts?.[language] ?? {};
  for (const key of Object.keys(overrides)) {
    for (const element of document.querySelectorAll(`[data-t="${CSS.escape(key)}"]`)) element.textContent = t(key);
  }
}

function translatePage() {
  for (const element of document.querySelectorAll("[data-t]")) {
    element.textContent = t(/** @type {HTMLElement} */ (element).dataset.t ?? "");
  }
  for (const element of document.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", t(/** @type {HTMLElement} */ (element).dataset.tLabel ?? ""));
  }
}

function offerLanguages() {
  const slot = document.getElementById("languages");
  if (slot === null) return;
  slot.replaceChildren(
    ...Object.entries(LANGUAGES).map(([code, { name }]) => {
      const address = new URL(location.href);
      address.searchParams.delete("join");
      address.searchParams.set("lang", code);
      const link = document.createElement("a");
      link.href = address.href;
      link.lang = code;
      link.textContent = name;
      if (code === language) link.setAttribute("aria-current", "true");
      link.addEventListener("click", () => remember("language", "all", code));
      return link;
    }),
  );
}

/**
 * @param {string} key
 * @param {Record<string, string|number>} [params] numbers are formatted; `count` chooses the plural form
 * @returns {string}
 */
export function t(key, params = {}) {
  const message = overrides[key] ?? messages[key] ?? fallback[key];
  if (message === undefined) return key;
  let text = message;
  if (typeof text !== "string") {
    const form = new Intl.PluralRules(locale).select(Number(params.count));
    text = text[form] ?? text.other;
  }
  return text.replace(/\{(\w+)\}/g, (hole, name) => {
    const value = params[name];
    if (value === undefined) return hole;
    return typeof value === "number" ? number(value) : value;
  });
}

/** @param {number} value */
export function number(value) {
  return new Intl.NumberFormat(locale).format(value);
}

/**
 * Words of {@link module:eta}, with durations in hours spelled out.
 *
 * @param {import("./lib/eta.js").Words} words
 */
export function etaText({ key, params }) {
  if (key !== "eta.range_hours" && key !== "eta.hours") return t(key, params);
  return t(key, Object.fromEntries(Object.entries(params).map(([name, minutes]) => [name, hours(minutes)])));
}

/** @param {number} minutes */
function hours(minutes) {
  const whole = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (whole === 0) return t("duration.m", { m: rest });
  return rest === 0 ? t("duration.h", { h: whole }) : t("duration.hm", { h: whole, m: rest });
}

/** @param {number|string} time @param {boolean} [seconds] */
export function clockTime(time, seconds = false) {
  return new Intl.DateTimeFormat(locale, {
    hour: "2-digit",
    minute: "2-digit",
    second: seconds ? "2-digit" : undefined,
  }).format(new Date(time));
}

/** @param {number|string} time */
export function dateTime(time) {
  return new Intl.DateTimeFormat(locale, {
    weekday: "short",
    day: "numeric",
    month: "long",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
  }).format(new Date(time));
}

/**
 * A moment as the fan would say it today: the clock time alone, or with the day when it is another one.
 *
 * @param {number|string} time
 * @param {number} now
 */
export function moment(time, now) {
  const day = (/** @type {number|string} */ when) => new Date(when).toDateString();
  if (day(time) === day(now)) return clockTime(time);
  return new Intl.DateTimeFormat(locale, { day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" }).format(
    new Date(time),
  );
}
