/**
 * Messages in the fan's language.
 *
 * English stands in the HTML, so that the page reads well before any script runs. A language is one file in `messages/`,
 * the same that the pages rendered by the server speak: `{name}` holes, and an object of plural forms where the
 * parameter `count` chooses. `site.json` lists the languages (and the themes); whoever serves the folder makes it from the
 * names of the files, so that one is added by putting it there.
 */
import { recall, remember } from "./vault.js";

/** @typedef {string|Record<string, string>} Message */

/**
 * @typedef {object} Site
 * @property {Record<string, string>} languages what each language calls itself, by its tag
 * @property {string[]} themes the events that have one
 */

/** A server that does not make the list has English and no themes. @type {Promise<Site>} */
export const site = fetchFile("/site.json").catch(() => ({ languages: { en: "English" }, themes: [] }));

/** @type {Record<string, Message>} */
let fallback = {};
let messages = fallback;
let language = "en";
/** @type {Record<string, Message>} */
let overrides = {};

/** Locale for numbers, times and money: the browser's own variant of the language where it has one. */
export let locale = "en";

/** Chooses the language (address, then earlier choice, then the browser's wish) and translates the page. */
export async function loadLanguage() {
  const english = loadEnglish();
  const { languages } = await site;
  const wishes = [new URLSearchParams(location.search).get("lang"), recall("language", "all"), ...navigator.languages];
  language = chooseLanguage(wishes, Object.keys(languages)) ?? "en";
  const translated = language === "en" ? english : fetchFile(`/messages/${language}.json`);
  try {
    messages = await translated;
  } catch {
    language = "en";
  }
  fallback = await english;
  if (language === "en") messages = fallback;
  locale = navigator.languages.find((tag) => chooseLanguage([tag], [language])) ?? language;
  document.documentElement.lang = language;
  document.documentElement.dir = String(messages["language.direction"] ?? "ltr");
  if (language !== "en") translatePage();
  offerLanguages(languages);
}

/**
 * The lookup of RFC 4647: the first wish that is met wins, and a wish is also met by what it is a variant of (`pt-BR` by
 * `pt`), or else by another variant of the same language (`pt` by `pt-BR`).
 *
 * @param {unknown[]} wishes language tags, the dearest first; what is none meets nothing
 * @param {string[]} offered
 * @returns {string|undefined} one of `offered`
 */
export function chooseLanguage(wishes, offered) {
  for (const wish of wishes) {
    if (typeof wish !== "string") continue;
    const parts = wish.toLowerCase().split("-");
    for (let length = parts.length; length > 0; length -= 1) {
      const found = offered.find((tag) => tag.toLowerCase() === parts.slice(0, length).join("-"));
      if (found) return found;
    }
    const kin = offered.find((tag) => tag.toLowerCase().startsWith(`${parts[0]}-`));
    if (kin) return kin;
  }
  return undefined;
}

/** One of the site's own files, asked for as the pages' preloads do, so that none is fetched twice. @param {string} path */
export async function fetchFile(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(12000) });
  if (!response.ok) throw new Error(`${path}: status ${response.status}`);
  return response.json();
}

/** A page can't speak without it, so it is asked for until it comes. @returns {Promise<Record<string, Message>>} */
async function loadEnglish() {
  for (;;) {
    try {
      return await fetchFile("/messages/en.json");
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 1000 + 4000 * Math.random()));
    }
  }
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

/** @param {Record<string, string>} languages */
function offerLanguages(languages) {
  const slot = document.getElementById("languages");
  if (slot === null) return;
  slot.replaceChildren(
    ...Object.entries(languages).map(([code, name]) => {
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
