/**
 * A small time chart in SVG: one or two lines over the last minutes, an axis that starts at zero, a readout under the
 * pointer. It draws with classes and presentation attributes only, as the content security policy asks.
 */
import { h, setText, svg } from "../dom.js";
import { niceCeiling } from "../lib/history.js";

const HEIGHT = 148;
const TOP = 8;
const BOTTOM = 22;
const LEFT = 46;
const RIGHT = 8;
/** Fewer than this between two points is a line; more is a gap in what was seen, and is shown as one. */
const GAP_MS = 15_000;

/**
 * @typedef {object} Series
 * @property {string} key
 * @property {string} label
 * @property {string} look a class: `line-main` (with its area) or `line-limit` (a stepped, dashed line)
 */

/**
 * @param {HTMLElement} figure
 * @param {string} title
 * @param {Series[]} series
 */
export function chart(figure, title, series) {
  const format = new Intl.NumberFormat("en");
  const time = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const shortTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
  const readout = h("span", { class: "chart-readout" });
  const caption = h("figcaption", {}, h("span", { class: "chart-title" }, title), readout);
  const drawing = svg("svg", { height: HEIGHT, role: "img", class: "chart-svg" });
  const name = svg("title");
  const grid = svg("g", { class: "chart-grid" });
  const shapes = series.map(({ look }) => {
    const area = svg("path", { class: `${look}-area` });
    const line = svg("path", { class: look });
    return { area, line };
  });
  const cursor = svg("line", { class: "chart-cursor", y1: TOP, y2: HEIGHT - BOTTOM, visibility: "hidden" });
  drawing.append(name, grid, ...shapes.flatMap(({ area, line }) => [area, line]), cursor);
  figure.replaceChildren(caption, drawing);

  /** @type {({at: number} & Record<string, number>)[]} */
  let points = [];
  let from = 0;
  let to = 1;
  let width = figure.clientWidth;
  /** @type {number|null} */
  let pointer = null;
  new ResizeObserver(() => {
    width = figure.clientWidth;
    draw();
  }).observe(figure);
  drawing.addEventListener("pointermove", (/** @type {PointerEvent} */ move) => {
    pointer = move.clientX - drawing.getBoundingClientRect().left;
    drawReadout();
  });
  drawing.addEventListener("pointerleave", () => {
    pointer = null;
    drawReadout();
  });

  const x = (/** @type {number} */ at) => LEFT + ((at - from) / (to - from)) * (width - LEFT - RIGHT);

  function draw() {
    if (width < 80 || points.length === 0) return;
    drawing.setAttribute("width", String(width));
    drawing.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const known = points.flatMap((point) => series.map(({ key }) => point[key])).filter(Number.isFinite);
    const most = niceCeiling(Math.max(0, ...known));
    const y = (/** @type {number} */ value) => HEIGHT - BOTTOM - (value / most) * (HEIGHT - TOP - BOTTOM);
    drawGrid(most, y);
    series.forEach(({ key, look }, index) => {
      const { line, area } = shapes[index];
      const strokes = runs(points, key);
      const stepped = look === "line-limit";
      line.setAttribute("d", strokes.map((run) => path(run, key, y, stepped)).join(""));
      area.setAttribute(
        "d",
        strokes.map((run) => `${path(run, key, y, stepped)}L${x(run[run.length - 1].at)} ${y(0)}L${x(run[0].at)} ${y(0)}Z`).join(""),
      );
    });
    drawReadout();
  }

  /** @param {typeof points} all @param {string} key */
  function runs(all, key) {
    /** @type {(typeof points)[]} */
    const found = [];
    let last = -Infinity;
    for (const point of all) {
      if (point.at < from || !Number.isFinite(point[key])) continue;
      if (point.at - last > GAP_MS) found.push([]);
      found[found.length - 1].push(point);
      last = point.at;
    }
    return found;
  }

  /** @param {typeof points} run @param {string} key @param {(value: number) => number} y @param {boolean} stepped */
  function path(run, key, y, stepped) {
    let d = "";
    for (const [index, point] of run.entries()) {
      const px = x(point.at).toFixed(1);
      const py = y(point[key]).toFixed(1);
      if (index === 0) d += `M${px} ${py}`;
      else d += stepped ? `H${px}V${py}` : `L${px} ${py}`;
    }
    return d;
  }

  /** @param {number} most @param {(value: number) => number} y */
  function drawGrid(most, y) {
    const parts = [];
    for (const share of [0, 0.5, 1]) {
      const py = y(most * share);
      parts.push(svg("line", { x1: LEFT, x2: width - RIGHT, y1: py, y2: py }));
      const label = svg("text", { x: LEFT - 8, y: py + 4, "text-anchor": "end" });
      label.textContent = compact(most * share);
      parts.push(label);
    }
    // All spans are whole multiples of five minutes, so that five steps fall on whole minutes.
    const ticks = 5;
    for (let i = 0; i <= ticks; i += 1) {
      const at = from + ((to - from) * i) / ticks;
      const anchor = i === 0 ? "start" : i === ticks ? "end" : "middle";
      const label = svg("text", { x: x(at), y: HEIGHT - 5, "text-anchor": anchor });
      label.textContent = shortTime.format(at);
      parts.push(label);
    }
    grid.replaceChildren(...parts);
  }

  function drawReadout() {
    let point = points[points.length - 1];
    if (pointer !== null) {
      const at = from + ((pointer - LEFT) / (width - LEFT - RIGHT)) * (to - from);
      for (const candidate of points) if (Math.abs(candidate.at - at) < Math.abs(point.at - at)) point = candidate;
    }
    if (!point) return;
    cursor.setAttribute("visibility", pointer === null ? "hidden" : "visible");
    cursor.setAttribute("x1", String(x(point.at)));
    cursor.setAttribute("x2", String(x(point.at)));
    const values = series.map(({ key, label }) => `${label} ${told(point[key])}`);
    setText(readout, (pointer === null ? values : [time.format(point.at), ...values]).join(" · "));
  }

  /** @param {number} value */
  function told(value) {
    return Number.isFinite(value) ? format.format(Math.round(value)) : "–";
  }

  return {
    /**
     * @param {typeof points} all
     * @param {number} now
     * @param {number} spanMs
     */
    update(all, now, spanMs) {
      points = all.filter(({ at }) => at >= now - spanMs);
      from = now - spanMs;
      to = now;
      const last = points[points.length - 1];
      if (last) setText(name, `${title}, ${series.map(({ key, label }) => `${label} ${told(last[key])}`).join(", ")}`);
      draw();
    },
  };
}

/** @param {number} value */
function compact(value) {
  return value >= 10_000 ? `${Number((value / 1000).toFixed(1))}k` : new Intl.NumberFormat("en").format(value);
}
