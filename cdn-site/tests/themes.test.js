import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const themes = new URL("../themes/", import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(name, themes), "utf8"));

/** Relative luminance after WCAG 2. */
function luminance(hex) {
  const [r, g, b] = hex.match(/[0-9a-f]{2}/gi).map((pair) => {
    const share = Number.parseInt(pair, 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

test("themes stay readable: text on the colour, and the colour on the sign", () => {
  for (const name of readdirSync(themes)) {
    const colours = read(name).colours ?? {};
    const go = colours.go ?? "#ffd400";
    const ink = colours["go-ink"] ?? "#111315";
    assert.ok(contrast(go, ink) >= 4.5, `${name}: go-ink on go`);
    assert.ok(contrast(go, "#111315") >= 3, `${name}: go on the sign`);
    assert.ok(contrast(go, "#1a1d20") >= 3, `${name}: go on the sign, dark`);
  }
});
