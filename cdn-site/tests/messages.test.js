import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import english from "../messages/en.js";

const site = new URL("..", import.meta.url);
const read = (name) => readFileSync(new URL(name, site), "utf8");
const pages = readdirSync(site).filter((name) => name.endsWith(".html"));
const others = readdirSync(new URL("messages/", site)).filter((name) => name !== "en.js");
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
  const modules = ["js/home.js", "js/checkout.js", "js/order.js", "js/waiting/main.js", "js/waiting/view.js"];
  for (const name of modules) {
    for (const [, key] of read(name).matchAll(/\bt\(\s*"([a-z_.-]+)"/g)) assert.ok(key in english, `${name}: ${key}`);
  }
});

test("other languages have the same messages with the same holes", async () => {
  const holes = (message) => {
    const texts = typeof message === "string" ? [message] : Object.values(message);
    return [...new Set(texts.flatMap((text) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)))].sort();
  };
  for (const name of others) {
    const { default: messages } = await import(new URL(`messages/${name}`, site));
    assert.deepEqual(Object.keys(messages).sort(), Object.keys(english).sort(), name);
    for (const key of Object.keys(english)) assert.deepEqual(holes(messages[key]), holes(english[key]), `${name}: ${key}`);
  }
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
    for (const [, path] of read(page).matchAll(/(?:src|href)="(\/[\w./-]+\.\w+)"/g)) assert.doesNotThrow(() => read(`.${path}`), `${page}: ${path}`);
  }
});

test("ids in the pages are unique, and labels point to something", () => {
  for (const page of pages) {
    const ids = [...read(page).matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    assert.equal(new Set(ids).size, ids.length, page);
    for (const [, id] of read(page).matchAll(/\sfor="([^"]+)"/g)) assert.ok(ids.includes(id), `${page}: ${id}`);
  }
});
