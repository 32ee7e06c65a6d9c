/** The operator's console: who is signed in, which event is shown, and what its figures are drawn into. */
import { Unreachable, fetchPublic } from "../api.js";
import { byId, h, setText, show } from "../dom.js";
import { serverClock } from "../lib/clock.js";
import { compareAudit, showAudit, wireAudit } from "./audit.js";
import { addToCharts, drawCharts, showHistory, wireCharts } from "./charts.js";
import { predictFrom, resetControls, wireControls } from "./controls.js";
import { compareDeadLetters, showDeadLetters, wireDeadLetters } from "./dead-letters.js";
import { drawHealth } from "./health.js";
import { drawNotices, drawStale } from "./notices.js";
import { attempt, whenSignedOut } from "./operator-api.js";
import { drawPause, wirePause } from "./pause.js";
import { resumeSession, sessionEnded, wireSession } from "./session.js";
import { compareSettings, onSettings, showSettings } from "./settings.js";
import { drawShop } from "./shop.js";
import { drawSign } from "./sign.js";
import { followFigures } from "./stream.js";

/** @typedef {import("../lib/contract.js").Figures} Figures */

const EVENTS_AGAIN_MS = 3_000;

const clock = serverClock();
let event = "";
/** @type {Figures|null} */
let figures = null;
let seenAt = performance.now();
let stop = () => {};

wireControls();
wirePause();
wireCharts(clock.now);
wireDeadLetters(clock.now);
wireAudit(clock.now);
onSettings((settings) => {
  drawPause(settings);
  drawSource(settings.source);
});
whenSignedOut(sessionEnded);
wireSession(clock, showEvents, () => {
  stop();
  event = "";
});
byId("event").addEventListener("change", () => choose(byId("event").value));
document.addEventListener("visibilitychange", drawCharts);
setInterval(beat, 1000);
void resumeSession();

async function showEvents() {
  connection("connecting", "Connecting");
  try {
    const { data } = await fetchPublic("/v1/events");
    /** @type {{id: string, name: string}[]} */
    const known = data?.events ?? [];
    if (known.length === 0) {
      connection("connecting", "No event");
      nothing("The service knows no event.");
    } else nothing("");
    byId("event").replaceChildren(...known.map(({ id, name }) => h("option", { value: id }, name)));
    const wish = new URLSearchParams(location.search).get("event");
    const first = known.find(({ id }) => id === wish) ?? known[0];
    if (first) choose(first.id);
  } catch (failure) {
    if (!(failure instanceof Unreachable)) throw failure;
    connection("lost", "No answer");
    nothing("No answer from the service. The console goes on trying.");
    setTimeout(() => {
      if (!byId("board").hidden) void showEvents();
    }, EVENTS_AGAIN_MS);
  }
}

/** @param {string} why there is nothing to show; empty where there is */
function nothing(why) {
  show(byId("no-event"), why !== "");
  setText(byId("no-event"), why);
  show(byId("panels"), why === "");
  show(byId("picker"), why === "");
}

/** @param {string} id */
function choose(id) {
  stop();
  event = id;
  figures = null;
  byId("event").value = id;
  const address = new URL(location.href);
  address.searchParams.set("event", id);
  history.replaceState(null, "", address);
  setText(byId("console-title"), `Console: ${byId("event").selectedOptions[0]?.textContent ?? id}`);
  connection("connecting", "Connecting");
  resetControls();
  showSettings(id);
  showHistory(id);
  showDeadLetters(id);
  showAudit(id);
  stop = followFigures(id, {
    figures: take,
    connected: () => connection("live", "Live"),
    lost: () => {
      connection("lost", "Reconnecting");
      void askWhy();
    },
  });
}

/** A stream does not tell why it was refused; the session does. */
async function askWhy() {
  if ((await attempt("GET", "session")).kind === "signed-out") sessionEnded();
}

/** @param {string} state @param {string} text */
function connection(state, text) {
  byId("connection").dataset.state = state;
  setText(byId("connection"), text);
}

/** @param {Figures} fresh */
function take(fresh) {
  if (fresh.event !== event) return;
  // While the queue store is away its last answer is repeated, with fresh health: that is no news of the queue.
  if (figures?.at !== fresh.at) {
    seenAt = performance.now();
    clock.observe(fresh.at);
  }
  figures = fresh;
  drawSign(fresh);
  drawNotices(fresh);
  drawShop(fresh);
  drawHealth(fresh.health ?? [], clock.now());
  predictFrom(fresh);
  addToCharts(fresh);
  drawCharts();
  compareSettings(fresh);
  compareDeadLetters(fresh);
  compareAudit(fresh);
  drawStale(fresh, performance.now() - seenAt);
}

/** Time goes on where no figures come: the charts move, and what is shown grows old. */
function beat() {
  if (event === "" || byId("board").hidden) return;
  if (drawStale(figures, performance.now() - seenAt)) drawCharts();
}

/** A file's path may be long, and its name says enough; where it lies is in the tooltip. @param {string} source */
function drawSource(source = "") {
  setText(byId("settings-source"), source ? `from ${/\.toml$/.test(source) ? source.split(/[\\/]/).pop() : source}` : "");
  byId("settings-source").title = source;
}
