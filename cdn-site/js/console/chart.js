/** One chart over time: title, legend with the figures under the cursor, the drawing, and a sentence that says the same. */
import uPlot from "../vendor/uplot/uPlot.esm.js";
import { h, setText } from "../dom.js";
import { niceCeiling } from "../lib/history.js";
import { clockTime, compact } from "./format.js";

const HEIGHT = 136;
const AXIS_WIDTH = 42;
const TICKS_MS = [1, 3, 5, 10].map((minutes) => minutes * 60_000);
/** Charts with this key show their cursors at one moment. */
const IN_STEP = "console";
const NO_CURSOR = { left: -10, top: -10 };

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {"main"|"second"|"limit"|`stock-${number}`} look `main` has an area under it, `limit` is dashed and goes in steps
 *
 * @typedef {object} Description
 * @property {string} title
 * @property {(value: number|null|undefined) => string} format
 * @property {number} [top] a fixed top of the axis; absent: what is drawn decides
 *
 * @typedef {object} Shown
 * @property {number[]} times milliseconds since 1970
 * @property {(number|null)[][]} values a column a line
 * @property {number} from
 * @property {number} to
 * @property {{phase: string, from: number, to: number}[]} stretches
 */

/**
 * @param {HTMLElement} figure
 * @param {Description} description
 * @param {Line[]} lines
 * @param {() => void} [moved] the cursor is at another moment
 */
export function chart(figure, { title, format, top }, lines, moved = () => {}) {
  const readings = lines.map(() => h("b", {}));
  const legend = h(
    "span",
    { class: "chart-legend", "aria-hidden": "true" },
    ...lines.map(({ label, look }, index) => h("span", { class: `key key-${look}` }, `${label} `, readings[index])),
  );
  const told = h("p", { class: "sr-only" });
  const plate = h("div", { class: "chart-plate", "aria-hidden": "true" });
  figure.replaceChildren(h("figcaption", {}, h("span", { class: "chart-title" }, title), legend), plate, told);

  /** @type {Shown} */
  let shown = { times: [], values: lines.map(() => []), from: 0, to: 1, stretches: [] };

  const plot = new uPlot(
    {
      width: Math.max(figure.clientWidth, 100),
      height: HEIGHT,
      ms: 1,
      padding: [8, 10, 0, 0],
      legend: { show: false },
      cursor: {
        y: false,
        drag: { x: false, y: false },
        points: { size: 7 },
        sync: { key: IN_STEP },
        bind: { dblclick: () => null, mousedown: () => null },
      },
      scales: {
        x: { range: () => [shown.from, shown.to] },
        y: { range: (_, __, most) => [0, top ?? niceCeiling(most ?? 0)] },
      },
      axes: [
        { ...axis(), size: 26, gap: 6, splits: () => roundTimes(shown), values: (_, splits) => splits.map(clockTime), grid: { show: false } },
        {
          ...axis(),
          size: AXIS_WIDTH,
          gap: 8,
          splits: (_, __, least, most) => [least, (least + most) / 2, most],
          values: (_, splits) => splits.map((value) => (top === undefined ? compact(value) : format(value))),
        },
      ],
      series: [{}, ...lines.map(({ look }) => seriesOf(look))],
      hooks: { setCursor: [read], drawClear: [(u) => shade(u, shown)] },
    },
    [[], ...lines.map(() => [])],
    plate,
  );

  const resized = new ResizeObserver(() => {
    if (figure.clientWidth > 0) plot.setSize({ width: figure.clientWidth, height: HEIGHT });
  });
  resized.observe(figure);
  // A finger slides over the chart; uPlot itself follows the mouse only.
  plot.over.addEventListener("pointermove", (move) => {
    if (move.pointerType !== "mouse") plot.setCursor({ left: move.offsetX, top: move.offsetY }, true, true);
  });

  function read() {
    const last = shown.times.length - 1;
    const index = plot.cursor.idx ?? last;
    for (const [line, reading] of readings.entries()) setText(reading, format(shown.values[line][index]));
    moved();
  }

  return {
    /** @param {Shown} fresh */
    draw(fresh) {
      shown = fresh;
      plot.setData(/** @type {any} */ ([fresh.times, ...fresh.values]));
      read();
      setText(told, summary(title, lines, fresh.values, format));
    },
    /** Again, in the colours of the day or of the night. */
    repaint() {
      plot.redraw(false, true);
    },
    /** Puts the cursor at a moment; null: none. @param {number|null} at */
    look(at) {
      plot.setCursor(at === null ? NO_CURSOR : { left: plot.valToPos(at, "x"), top: 10 }, true, false);
    },
    remove() {
      resized.disconnect();
      plot.destroy();
    },
    /** The moment that somebody points at; null where nobody does. */
    get pointedAt() {
      return plot.over.matches(":hover") ? (shown.times[plot.cursor.idx ?? -1] ?? null) : null;
    },
  };
}

/**
 * What a chart shows, for who can't see it.
 *
 * @param {string} title @param {Line[]} lines @param {(number|null)[][]} values @param {Description["format"]} format
 */
export function summary(title, lines, values, format) {
  const parts = lines.map(({ label }, line) => {
    const known = /** @type {number[]} */ (values[line].filter(Number.isFinite));
    if (known.length === 0) return `${label}: nothing yet`;
    const least = known.reduce((a, b) => Math.min(a, b));
    const most = known.reduce((a, b) => Math.max(a, b));
    return `${label} ${format(known[known.length - 1])}, between ${format(least)} and ${format(most)}`;
  });
  return `${title}: ${parts.join("; ")}.`;
}

/** Full minutes by the operator's clock, as many as fit, and none so near an edge that its label is cut. @param {Shown} shown */
function roundTimes({ from, to }) {
  const step = TICKS_MS.find((ms) => (to - from) / ms <= 6) ?? to - from;
  const edge = (to - from) / 20;
  const times = [];
  for (let at = Math.ceil((from + edge) / step) * step; at <= to - edge; at += step) times.push(at);
  return times;
}

function axis() {
  return {
    stroke: () => colour("--ink-2"),
    font: `${Math.round(0.75 * Number.parseFloat(getComputedStyle(document.documentElement).fontSize))}px ${colour("--sans")}`,
    grid: { stroke: () => colour("--rule"), width: 1 },
    ticks: { show: false },
  };
}

/** @param {Line["look"]} look @returns {import("../vendor/uplot/uPlot.esm.js").Series} */
function seriesOf(look) {
  const base = { width: 2, points: { show: false }, stroke: () => colour(`--chart-${look}`) };
  if (look === "main") return { ...base, fill: () => colour("--chart-fill") };
  if (look === "limit") return { ...base, width: 1.5, dash: [5, 4], paths: uPlot.paths.stepped?.({ align: 1 }) };
  return base;
}

/** Marks when the door did not simply admit. @param {any} plot @param {Shown} shown */
function shade(plot, shown) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.fillStyle = colour("--chart-shade");
  for (const { from, to } of shown.stretches) {
    const left = Math.max(plot.valToPos(from, "x", true), bbox.left);
    const right = Math.min(plot.valToPos(to, "x", true), bbox.left + bbox.width);
    if (right > left) ctx.fillRect(left, bbox.top, right - left, bbox.height);
  }
  ctx.restore();
}

/** @param {string} token */
function colour(token) {
  return getComputedStyle(document.documentElement).getPropertyValue(token).trim();
}
