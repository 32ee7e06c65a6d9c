/** All charts over the same time, their common cursor, and the same figures as a table. */
import { byId, h, setText, show } from "../dom.js";
import { confirmedPerMinute, pastHour, pointOfFigures, pointOfHistory, stretches, withGaps } from "../lib/history.js";
import { chart } from "./chart.js";
import { clockTime, count, duration, fullTime, percent } from "./format.js";
import { ofEvent, operate } from "./operator-api.js";

/** @typedef {import("../lib/history.js").Point} Point */

const MINUTE_MS = 60_000;
/** Figures that were missing for longer than this are asked from the server's history. */
const MISSED_MS = 15_000;
const TABLE_EVERY_MS = 15_000;
/** How many offers have a colour of their own. */
const STOCK_LOOKS = 6;

const past = pastHour();
const minutes = (/** @type {number|null} */ seconds) => (seconds === null ? null : seconds / 60);

/** @type {{id: string, title: string, format: (value: number|null|undefined) => string, top?: number, lines: [string, any, (point: Point) => number|null][]}[]} */
const CHARTS = [
  {
    id: "claims",
    title: "Claims a minute",
    format: count,
    lines: [
      ["claims", "main", (point) => point.claims_per_minute],
      ["rate set", "limit", (point) => point.rate_per_minute],
    ],
  },
  { id: "waiting", title: "Waiting", format: count, lines: [["people", "main", (point) => point.waiting]] },
  {
    id: "joins",
    title: "Arrivals and calls a minute",
    format: count,
    lines: [
      ["arrivals", "main", (point) => point.joins_per_minute],
      ["calls", "second", (point) => point.calls_per_minute],
    ],
  },
  {
    id: "eta",
    title: "Wait of whoever joins now",
    format: (value) => (Number.isFinite(value) ? `${count(Math.ceil(Number(value)))} min` : "–"),
    lines: [["estimate", "main", (point) => minutes(point.eta_back_of_queue_seconds)]],
  },
  {
    id: "sessions",
    title: "Sessions",
    format: count,
    lines: [
      ["open", "main", (point) => point.sessions],
      ["limit", "limit", (point) => point.max_active_sessions],
    ],
  },
  { id: "no-show", title: "Called and do not come", format: percent, top: 1, lines: [["share", "main", (point) => point.no_show_share]] },
  {
    id: "orders",
    title: "Orders",
    format: count,
    lines: [
      ["confirmed a minute", "main", () => null],
      ["pending", "second", (point) => point.orders_pending],
    ],
  },
];

const charts = CHARTS.map((description) => ({
  ...description,
  drawn: chart(byId(`chart-${description.id}`), description, description.lines.map(([label, look]) => ({ label, look })), tellMoment),
}));
/** @type {{id: string, name: string}[]} */
let offers = [];
/** @type {ReturnType<typeof chart>|null} */
let stock = null;

let event = "";
let spanMs = 60 * MINUTE_MS;
/** Whether the operator chose the time shown. Until then it is the least that shows all there is. */
let chosen = false;
let lastAt = 0;
/** How long ago the pinned moment is; 0: the newest figures. */
let pinnedMs = 0;
/** When the table was drawn, and for which span. */
let tabledAt = 0;
let tabledMs = 0;
let now = () => Date.now();

/** @param {() => number} serverNow milliseconds since 1970 */
export function wireCharts(serverNow) {
  now = serverNow;
  for (const radio of document.getElementsByName("span")) {
    radio.addEventListener("change", () => {
      chosen = true;
      showSpan(/** @type {HTMLInputElement} */ (radio));
      drawCharts();
    });
  }
  byId("moment").addEventListener("input", () => pin(Number(byId("moment").max) - Number(byId("moment").value)));
  byId("chart-table").addEventListener("toggle", drawTable);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const each of drawnCharts()) each.repaint();
  });
}

/** @param {HTMLInputElement} radio */
function showSpan(radio) {
  spanMs = Number(radio.value) * MINUTE_MS;
  radio.checked = true;
  pin(0);
}

function fitSpan() {
  const radios = /** @type {HTMLInputElement[]} */ ([...document.getElementsByName("span")]);
  const age = now() - (past.since(0)[0]?.at ?? now());
  const fitting = radios.find(({ value }) => age <= Number(value) * MINUTE_MS) ?? radios[radios.length - 1];
  if (Number(fitting.value) * MINUTE_MS !== spanMs) showSpan(fitting);
}

function drawnCharts() {
  return [...charts.map(({ drawn }) => drawn), ...(stock ? [stock] : [])];
}

/** Begins with what the server remembers of this event. @param {string} id */
export function showHistory(id) {
  event = id;
  chosen = false;
  lastAt = 0;
  tabledAt = 0;
  past.clear();
  pin(0);
  void fetchHistory();
}

async function fetchHistory() {
  const asked = event;
  const { kind, data } = await operate("GET", ofEvent(asked, "history?minutes=60"));
  if (kind !== "done" || asked !== event) return;
  past.fill(data.points.map(pointOfHistory));
  drawCharts();
}

/** @param {import("../lib/contract.js").Figures} figures */
export function addToCharts(figures) {
  const point = pointOfFigures(figures);
  // While the queue store is away, the figures repeat its last answer: that is no news.
  if (point.at === lastAt) return;
  if (lastAt > 0 && point.at - lastAt > MISSED_MS) void fetchHistory();
  lastAt = point.at;
  past.add(point);
  drawStockOf(figures.offers);
}

/** @param {{id: string, name: string}[]} sold */
function drawStockOf(sold) {
  if (stock && sold.map(({ id, name }) => id + name).join() === offers.map(({ id, name }) => id + name).join()) return;
  offers = sold.slice();
  stock?.remove();
  const figure = byId("chart-stock");
  show(figure, offers.length > 0);
  const lines = offers.map(({ name }, index) => ({ label: name, look: /** @type {any} */ (`stock-${Math.min(index, STOCK_LOOKS - 1)}`) }));
  stock = offers.length > 0 ? chart(figure, { title: "Stock left", format: count }, lines, tellMoment) : null;
}

export function drawCharts() {
  if (document.hidden || byId("board").hidden) return;
  if (!chosen) fitSpan();
  const to = now();
  const from = to - spanMs;
  // A little more than is shown, so that the lines come in from the edge and a minute's orders are known.
  const { times, rows } = withGaps(past.since(from - 2 * MINUTE_MS));
  const shaded = stretches(rows);
  const confirmed = confirmedPerMinute(rows);
  const column = (/** @type {(point: Point) => number|null} */ value) => rows.map((row) => (row ? (value(row) ?? null) : null));
  for (const { id, lines, drawn } of charts) {
    const values = lines.map(([, , value], line) => (id === "orders" && line === 0 ? confirmed : column(value)));
    drawn.draw({ times, values, from, to, stretches: shaded });
  }
  stock?.draw({ times, values: offers.map(({ id }) => column((point) => point.stock_left[id] ?? null)), from, to, stretches: shaded });
  show(byId("shade-note"), shaded.some((stretch) => stretch.to > from));
  lookAtPinned();
  drawTable();
}

/** @param {number} ago milliseconds */
function pin(ago) {
  pinnedMs = ago;
  const slider = byId("moment");
  slider.max = String(spanMs);
  slider.step = String(spanMs / 120);
  slider.value = String(spanMs - ago);
  lookAtPinned();
}

function lookAtPinned() {
  byId("moment").setAttribute("aria-valuetext", pinnedMs === 0 ? "Now" : `${duration(pinnedMs / 1000)} ago`);
  const all = drawnCharts();
  if (all.every(({ pointedAt }) => pointedAt === null)) {
    for (const each of all) each.look(pinnedMs === 0 ? null : now() - pinnedMs);
  }
  tellMoment();
}

function tellMoment() {
  const pointedAt = drawnCharts().find((each) => each.pointedAt !== null)?.pointedAt;
  const at = pointedAt ?? (pinnedMs === 0 ? null : now() - pinnedMs);
  setText(byId("moment-time"), at === null ? "Now" : fullTime(at));
}

/** The same figures in about a dozen rows, newest first, for who reads rather than looks: not so often that reading is hard. */
function drawTable() {
  const to = now();
  const due = Math.abs(to - tabledAt) > TABLE_EVERY_MS || spanMs !== tabledMs;
  if (!byId("chart-table").open || !due) return;
  tabledAt = to;
  tabledMs = spanMs;
  const stepMs = spanMs / 12;
  const points = past.since(to - spanMs);
  const columns = [
    ...CHARTS.filter(({ id }) => id !== "orders").flatMap(({ title, format, lines }) =>
      lines.map(([label, , value]) => ({ label: lines.length > 1 ? label : title, tell: (/** @type {Point} */ point) => format(value(point)) })),
    ),
    { label: "orders confirmed", tell: (/** @type {Point} */ point) => count(point.orders_confirmed) },
    { label: "orders pending", tell: (/** @type {Point} */ point) => count(point.orders_pending) },
    ...offers.map(({ id, name }) => ({ label: `${name} left`, tell: (/** @type {Point} */ point) => count(point.stock_left[id]) })),
  ];
  /** @type {HTMLElement[]} */
  const rows = [];
  for (let end = to; end > to - spanMs; end -= stepMs) {
    const point = points.filter(({ at }) => at <= end && at > end - stepMs).pop();
    const time = h("th", { scope: "row" }, stepMs < MINUTE_MS ? fullTime(end) : clockTime(end));
    rows.push(h("tr", {}, time, ...columns.map(({ tell }) => h("td", {}, point ? tell(point) : "no figures"))));
  }
  byId("chart-rows").replaceChildren(...rows);
  byId("chart-columns").replaceChildren(...["Time", ...columns.map(({ label }) => label)].map((label) => h("th", { scope: "col" }, label)));
}
