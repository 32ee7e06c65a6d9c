import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { chooseLanguage } from "../js/i18n.js";

const site = new URL("..", import.meta.url);
const read = (name) => readFileSync(new URL(name, site), "utf8");
const pages = readdirSync(site).filter((name) => name.endsWith(".html"));
const messagesOf = (file) => JSON.parse(read(`messages/${file}`));
const english = messagesOf("en.json");
const others = readdirSync(new URL("messages/", site)).filter((file) => file !== "en.json");
const unescape = (text) => text.replaceAll("&amp;", "&").replaceAll("&lt;", "<");

test("texts in the HTML are the English messages", () => {
  for (const page of pages) {
    for (const [, key, text] of read(page).matchAll(/data-t="([^"]+)"[^>]*>([^<]*)</g)) {
      assert.equal(unescape(text), english[key], `${page}: ${key}`);
    }
    for (const [, label, key] of read(page).matchAll(/aria-label="([^"]+)" data-t-label="([^"]+)"/g)) {
      assert.equal(label, english[key], `${page}: ${key}`);
    }
  }
});

test("every message that a module asks for exists", () => {
  const modules = readdirSync(new URL("js/", site), { recursive: true }).filter((name) => name.endsWith(".js") && !/^(console|vendor)/.test(name)).map((name) => `js/${name}`);
  for (const name of modules) {
    for (const [, key] of read(name).matchAll(/\bt\(\s*"([a-z_.-]+)"/g)) assert.ok(key in english, `${name}: ${key}`);
  }
});

test("other languages have the same messages with the same holes, and the plural forms that they need", () => {
  const holes = (message) => {
    const texts = typeof message === "string" ? [message] : Object.values(message);
    return [...new Set(texts.flatMap((text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)))].sort();
  };
  for (const file of others) {
    const messages = messagesOf(file);
    const optional = ["language.direction"];
    const known = new Intl.PluralRules(file.replace(".json", "")).resolvedOptions().pluralCategories;
    assert.deepEqual(Object.keys(messages).filter((key) => !optional.includes(key)).sort(), Object.keys(english).sort(), file);
    for (const key of Object.keys(english)) {
      assert.deepEqual(holes(messages[key]), holes(english[key]), `${file}: ${key}`);
      if (typeof messages[key] === "string") continue;
      const forms = Object.keys(messages[key]);
      assert.ok(forms.includes("other"), `${file}: ${key} has no form "other"`);
      for (const form of forms) assert.ok(known.includes(form), `${file}: ${key} has the form "${form}", which the language has not`);
    }
  }
});

test("a language is named after its tag, and says what it calls itself where a line tool finds it", () => {
  for (const file of ["en.json", ...others]) {
    const [tag] = Intl.getCanonicalLocales(file.replace(/\.json$/, ""));
    assert.equal(`${tag}.json`, file);
    assert.match(read(`messages/${file}`), /^  "language\.name": "[^"\\]+",?$/m, file);
  }
});

test("the first wish that a language meets is chosen, variants included", () => {
  const offered = ["de", "en", "pt", "zh-Hant"];
  assert.equal(chooseLanguage([null, "pt-BR", "en"], offered), "pt");
  assert.equal(chooseLanguage(["fr-FR", "DE-at", "en"], offered), "de");
  assert.equal(chooseLanguage(["zh"], offered), "zh-Hant");
  assert.equal(chooseLanguage(["zh-Hant-TW"], offered), "zh-Hant");
  assert.equal(chooseLanguage(["constructor", "", "d", 7, "ptx"], offered), undefined);
});

test("pages keep to the content security policy: no inline script, style or handler, no foreign address", () => {
  for (const page of pages) {
    const html = read(page);
    assert.doesNotMatch(html, /<style|\sstyle=|\son\w+=|javascript:/i, page);
    assert.doesNotMatch(html, /(src|href|action)="(https?:)?\/\//i, page);
    for (const [, attributes] of html.matchAll(/<script([^>]*)>/g)) assert.match(attributes, /src="\/js\//, page);
  }
});

test("pages refer only to files that are there", () => {
  for (const page of pages) {
    for (const [, path] of read(page).matchAll(/(?:src|href)="(\/(?!site\.json)[\w./-]+\.\w+)"/g)) assert.doesNotThrow(() => read(`.${path}`), `${page}: ${path}`);
  }
});

test("ids in the pages are unique, and labels point to something", () => {
  for (const page of pages) {
    const ids = [...read(page).matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length, page);
    for (const [, id] of read(page).matchAll(/\sfor="([^"]+)"/g)) assert.ok(ids.includes(id), `${page}: ${id}`);
  }
});
