/** The operator's console: sign in, watch one event live, turn its settings. */
import { Unreachable, call, fetchPublic } from "../api.js";
import { byId, h, setText, show } from "../dom.js";
import { serverClock } from "../lib/clock.js";
import { minutesUp } from "../lib/eta.js";
import { history } from "../lib/history.js";
import { predict } from "../lib/predict.js";
import { chart } from "./chart.js";
import { followFigures } from "./stream.js";

/** @typedef {import("../lib/contract.js").Figures} Figures */

const CREDENTIAL = "wr.operator";
const STALE_MS = 4_000;
const SETTINGS_EVERY_MS = 5_000;
const PHASES = {
  prequeue: "Before the sale",
  admitting: "Admitting",
  paused: "Paused",
  recovering: "Recovering",
  bypass: "Bypass",
  closed: "Closed",
};

const number = new Intl.NumberFormat("en");
const clockTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const fullTime = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

const clock = serverClock();
const past = history(3_600_000, 2_000);
const charts = [
  chart(byId("chart-claims"), "Claims a minute", [
    { key: "claims", label: "claims", look: "line-main" },
    { key: "rate", label: "rate set", look: "line-limit" },
  ]),
  chart(byId("chart-waiting"), "Waiting", [{ key: "waiting", label: "people", look: "line-main" }]),
  chart(byId("chart-joins"), "Joining and called, a minute", [
    { key: "joins", label: "joining", look: "line-main" },
    { key: "calls", label: "called", look: "line-second" },
  ]),
  chart(byId("chart-sessions"), "Sessions", [
    { key: "sessions", label: "open", look: "line-main" },
    { key: "limit", label: "limit", look: "line-limit" },
  ]),
];

let credential = readCredential();
let event = "";
let span = 5;
/** @type {Figures|null} */
let figures = null;
/** @type {any} */
let settings = null;
let seenAt = performance.now();
let stop = () => {};
let deadLetters = -1;
let settingsAt = 0;
let sayTimer = 0;

byId("sign-in-form").addEventListener("submit", (/** @type {SubmitEvent} */ submitted) => {
  submitted.preventDefault();
  void signIn(byId("credential").value.trim());
});
byId("sign-out").addEventListener("click", () => signOut(""));
byId("event").addEventListener("change", () => choose(byId("event").value));
for (const radio of document.getElementsByName("span")) {
  radio.addEventListener("change", () => {
    span = Number(/** @type {HTMLInputElement} */ (radio).value);
    drawCharts();
  });
}
setInterval(beat, 1000);
wireControls();

if (credential) void signIn(credential);
else show(byId("sign-in"), true);

function readCredential() {
  try {
    return sessionStorage.getItem(CREDENTIAL) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} value */
function keepCredential(value) {
  credential = value;
  try {
    if (value) sessionStorage.setItem(CREDENTIAL, value);
    else sessionStorage.removeItem(CREDENTIAL);
  } catch {
    /* then it lasts until the page is left */
  }
}

/** @param {string} value */
async function signIn(value) {
  const submit = byId("sign-in-submit");
  submit.disabled = true;
  try {
    const events = await fetchPublic("/v1/events");
    const known = events.data?.events ?? [];
    if (known.length === 0) {
      signOut("The service knows no event.");
      return;
    }
    const wish = new URLSearchParams(location.search).get("event");
    const first = known.find((/** @type {any} */ candidate) => candidate.id === wish)?.id ?? known[0].id;
    const answer = await call("GET", path(first, "settings"), { token: value });
    if (!answer.ok) {
      signOut(answer.status === 401 ? "This credential is not accepted." : `The service answered ${answer.status}.`);
      return;
    }
    keepCredential(value);
    byId("event").replaceChildren(
      ...known.map((/** @type {any} */ candidate) => h("option", { value: candidate.id }, candidate.name)),
    );
    byId("event").value = first;
    show(byId("sign-in"), false);
    show(byId("where"), true);
    show(byId("board"), true);
    choose(first);
  } catch (failure) {
    if (!(failure instanceof Unreachable)) throw failure;
    signOut("No answer from the service. Please try again.", true);
  } finally {
    submit.disabled = false;
  }
}

/** @param {string} why @param {boolean} [keep] a credential that was never judged */
function signOut(why, keep = false) {
  stop();
  if (!keep) keepCredential("");
  else byId("credential").value = credential;
  show(byId("board"), false);
  show(byId("where"), false);
  show(byId("sign-in"), true);
  show(byId("sign-in-error"), why !== "");
  setText(byId("sign-in-error"), why);
}

/** @param {string} id */
function choose(id) {
  stop();
  event = id;
  figures = null;
  settings = null;
  deadLetters = -1;
  past.clear();
  const address = new URL(location.href);
  address.searchParams.set("event", id);
  globalThis.history.replaceState(null, "", address);
  for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll(".control"))) delete form.dataset.dirty;
  const name = byId("event").selectedOptions[0]?.textContent ?? id;
  setText(byId("console-title"), `Console: ${name}`);
  connection("connecting", "Connecting");
  void readSettings();
  stop = followFigures(id, credential, {
    figures: take,
    connected: () => connection("live", "Live"),
    lost: () => connection("lost", "Reconnecting"),
    refused: () => signOut("The credential is no longer accepted."),
  });
}


/** @param {string} id @param {string} rest */
function path(id, rest) {
  return `/v1/operator/events/${encodeURIComponent(id)}/${rest}`;
}

/** @param {string} state @param {string} text */
function connection(state, text) {
  byId("connection").dataset.state = state;
  setText(byId("connection"), text);
}

/** @param {Figures} fresh */
function take(fresh) {
  if (fresh.event !== event) return;
  figures = fresh;
  seenAt = performance.now();
  clock.observe(fresh.at);
  past.add({
    at: Date.parse(fresh.at),
    claims: fresh.claims_per_minute,
    rate: fresh.rate_per_minute,
    waiting: fresh.waiting,
    joins: fresh.joins_per_minute,
    calls: fresh.calls_per_minute ?? NaN,
    sessions: fresh.sessions,
    limit: fresh.max_active_sessions,
  });
  draw();
  const dead = fresh.orders?.dead_letters ?? 0;
  if (dead !== deadLetters) {
    deadLetters = dead;
    void readDeadLetters();
  }
}

function beat() {
  if (!event || byId("board").hidden) return;
  const silent = performance.now() - seenAt;
  const stale = figures !== null && silent > STALE_MS;
  show(byId("stale"), stale);
  byId("console-sign").dataset.stale = String(stale);
  if (stale && figures) setText(byId("stale"), `No figures since ${fullTime.format(Date.parse(figures.at))}. What you see is old; reconnecting by itself.`);
  if (performance.now() - settingsAt > SETTINGS_EVERY_MS && !stale && !document.hidden) void readSettings();
}

function draw() {
  const f = figures;
  if (f === null) return;
  const phase = PHASES[f.phase] ?? f.phase;
  byId("console-sign").dataset.phase = f.phase;
  setText(byId("phase"), phase);
  setText(byId("waiting"), number.format(f.waiting));
  setText(byId("waiting-unit"), f.waiting === 1 ? "person waiting" : "people waiting");
  const eta = f.eta_back_of_queue_seconds;
  setText(
    byId("back-eta"),
    f.waiting === 0 ? "" : eta === null ? "No estimate while nothing moves" : `The last of them is called at about ${clockTime.format(Date.parse(f.at) + eta * 1000)}`,
  );
  setText(byId("claims"), number.format(Math.round(f.claims_per_minute)));
  setText(byId("claims-of"), `of ${number.format(f.rate_per_minute)}`);
  setText(byId("joins"), number.format(Math.round(f.joins_per_minute)));
  setText(byId("called"), number.format(f.called));
  setText(byId("at-door"), f.at_door > 0 ? `${number.format(f.at_door)} at the door` : "");
  setText(byId("sessions"), number.format(f.sessions));
  setText(byId("sessions-of"), `of ${number.format(f.max_active_sessions)}`);
  setText(byId("no-show"), f.no_show_share === null ? "–" : `${Math.round(f.no_show_share * 100)} %`);
  setText(byId("settings-age"), `${Math.round(f.settings_age_seconds)} s ago`);
  setText(byId("server-time"), `Server time ${fullTime.format(Date.parse(f.at))}`);
  document.title = `${number.format(f.waiting)} waiting · ${phase} · Console`;

  drawRefused(f.refused_settings ?? []);
  show(byId("fans-see"), f.message !== "" && f.message !== null);
  setText(byId("fans-see"), `Fans read: “${f.message}”`);
  drawStock(f);
  drawCounts(byId("orders"), f.orders === null ? [["Not reported by this service", ""]] : [
    ["Confirmed", f.orders.confirmed],
    ["Pending", f.orders.pending],
    ["Refused", f.orders.refused],
    ["In the order queue", f.orders.queue_depth],
    ["Dead letters", f.orders.dead_letters],
  ]);
  drawCounts(byId("totals"), [
    ["Joined", f.joined_total],
    ["Called", f.called_total],
    ["Claimed", f.claimed_total],
    ["Missed their call", f.missed_total],
    ["Left", f.left_total],
    ["Sessions ended", f.sessions_ended_total],
  ]);
  drawPrediction();
  drawPause(f.mode);
  drawCharts();
}

function drawCharts() {
  if (figures === null) return;
  for (const each of charts) each.update(past.points, Date.parse(figures.at), span * 60_000);
}

/** @param {Figures["refused_settings"]} refused */
function drawRefused(refused) {
  const place = byId("refused-settings");
  show(place, refused.length > 0);
  const text = refused.map(({ setting, value, reason, since }) => `${setting} = “${value}” was refused at ${fullTime.format(Date.parse(since))}: ${reason}. The last good value stays in force.`);
  if (place.dataset.text === text.join()) return;
  place.dataset.text = text.join();
  place.replaceChildren(...text.map((line) => h("p", {}, line)));
}

/** @param {Figures} f */
function drawStock(f) {
  byId("stock").replaceChildren(
    ...f.offers.map((offer) =>
      h(
        "tr",
        {},
        h("th", { scope: "row" }, offer.name),
        h("td", {}, number.format(offer.stock_left)),
        h("td", { class: "dim" }, number.format(offer.stock)),
      ),
    ),
  );
}

/** @param {HTMLElement} list @param {[string, number|string][]} rows */
function drawCounts(list, rows) {
  const fingerprint = JSON.stringify(rows);
  if (list.dataset.text === fingerprint) return;
  list.dataset.text = fingerprint;
  list.replaceChildren(
    ...rows.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, typeof value === "number" ? number.format(value) : value))),
  );
}

function drawPrediction() {
  const f = figures;
  const input = byId("rate");
  if (f === null) return;
  const rate = Number(input.value);
  if (input.value === "" || !Number.isFinite(rate) || rate < 0) {
    setText(byId("prediction"), "");
    return;
  }
  setText(byId("prediction"), sentence(rate, f));
}

/** @param {number} rate @param {Figures} f */
function sentence(rate, f) {
  const waiting = `the ${number.format(f.waiting)} ${f.waiting === 1 ? "person" : "people"} waiting now`;
  if (rate === 0) return "At 0 a minute nobody is let in.";
  const { lastServedSeconds, emptySeconds, growthPerMinute, limitedBySessions } = predict({
    rate,
    waiting: f.waiting,
    joinsPerMinute: f.joins_per_minute,
    noShowShare: f.no_show_share,
    sessions: f.sessions,
    maxSessions: f.max_active_sessions,
  });
  const at = (/** @type {number} */ seconds) => clockTime.format(Date.parse(f.at) + seconds * 1000);
  const parts = [];
  const begin = `At ${number.format(rate)}/min`;
  if (f.waiting === 0) parts.push(growthPerMinute > 0 ? `${begin} a queue forms: ${number.format(Math.round(growthPerMinute))} more a minute than are let in.` : `${begin} nobody has to wait.`);
  else {
    if (emptySeconds === null) parts.push(`${begin} the queue does not empty: it grows by ${number.format(Math.max(1, Math.round(growthPerMinute)))} a minute.`);
    else if (emptySeconds > 86_400) parts.push(`${begin} the queue hardly shrinks: it takes more than a day to empty.`);
    else parts.push(`${begin} the queue empties at about ${at(emptySeconds)}, in ${words(emptySeconds)}.`);
    if (lastServedSeconds !== null) parts.push(`The last of ${waiting} is called at about ${at(lastServedSeconds)}.`);
  }
  if (limitedBySessions) parts.push(`The sessions limit of ${number.format(f.max_active_sessions)} is reached, and it decides before the rate does.`);
  if (f.phase === "paused") parts.push("Counted from when the door is open again.");
  return parts.join(" ");
}

/** @param {number} seconds */
function words(seconds) {
  const minutes = Math.max(1, minutesUp(seconds));
  if (minutes < 90) return minutes === 1 ? "a minute" : `${minutes} minutes`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** @param {string} mode */
function drawPause(mode) {
  const paused = mode === "pause";
  show(byId("pause"), !paused);
  show(byId("resume"), paused);
  show(byId("pause-field"), !paused);
  show(byId("clear-field"), paused && Boolean(figures?.message));
  setText(byId("pause-title"), paused ? "The door is paused" : "Pause");
  byId("pause").disabled = mode !== "admit";
}

async function readSettings() {
  settingsAt = performance.now();
  const asked = event;
  try {
    const answer = await call("GET", path(asked, "settings"), { token: credential });
    if (answer.ok && asked === event) fill(answer.data);
    else if (answer.status === 401) signOut("The credential is no longer accepted.");
  } catch (failure) {
    if (!(failure instanceof Unreachable)) throw failure;
  }
}

/** Brings the controls up to the settings, except those in which the operator is writing. @param {any} fresh */
function fill(fresh) {
  settings = fresh;
  // A file's path may be long, and its name says enough; where it lies is in the tooltip.
  const source = fresh.source ?? "";
  setText(byId("settings-source"), source ? `from ${/\.toml$/.test(source) ? source.split(/[\\/]/).pop() : source}` : "");
  byId("settings-source").title = source;
  fillField("rate-form", byId("rate"), String(fresh.admission_rate_per_minute));
  fillField("sessions-form", byId("max-sessions"), String(fresh.max_active_sessions));
  fillField("message-form", byId("message"), fresh.message ?? "");
  if (!byId("mode-form").dataset.dirty) {
    for (const radio of document.getElementsByName("mode")) {
      const input = /** @type {HTMLInputElement} */ (radio);
      input.checked = input.value === fresh.mode;
    }
  }
  drawPrediction();
}

/** @param {string} form @param {HTMLInputElement} input @param {string} value */
function fillField(form, input, value) {
  if (!byId(form).dataset.dirty && input.value !== value) input.value = value;
}

/** @param {string} form @param {boolean} on */
function dirty(form, on) {
  if (on) byId(form).dataset.dirty = "true";
  else delete byId(form).dataset.dirty;
  const button = { "rate-form": "rate-apply", "sessions-form": "sessions-apply", "message-form": "message-apply", "mode-form": "mode-apply" }[form];
  if (button) byId(button).disabled = !on;
  if (form === "rate-form") show(byId("rate-undo"), on);
}

/**
 * @param {Record<string, unknown>} change
 * @param {string} done said when it is in force
 * @param {HTMLElement|null} [error]
 * @returns {Promise<boolean>}
 */
async function patch(change, done, error = null) {
  if (error) show(error, false);
  const failed = (/** @type {string} */ why) => {
    if (error) {
      show(error, true);
      setText(error, why);
    } else say(why);
    return false;
  };
  try {
    const answer = await call("PATCH", path(event, "settings"), { token: credential, body: change });
    if (answer.status === 401) {
      signOut("The credential is no longer accepted.");
      return false;
    }
    if (!answer.ok) return failed(answer.data?.detail ?? answer.data?.title ?? `The service answered ${answer.status}.`);
    fill(answer.data);
    say(done);
    return true;
  } catch (failure) {
    if (!(failure instanceof Unreachable)) throw failure;
    return failed("No answer from the service; the setting may not have been applied.");
  }
}

/** @param {string} text */
function say(text) {
  setText(byId("say"), text);
  clearTimeout(sayTimer);
  sayTimer = Number(setTimeout(() => setText(byId("say"), ""), 6000));
}

/** @param {string} title @param {string} body @param {string} yes @returns {Promise<boolean>} */
function confirmed(title, body, yes) {
  const dialog = byId("confirm");
  setText(byId("confirm-title"), title);
  setText(byId("confirm-body"), body);
  setText(byId("confirm-yes"), yes);
  dialog.showModal();
  return new Promise((resolve) => {
    const end = (/** @type {boolean} */ answer) => () => {
      dialog.onclose = null;
      dialog.close();
      resolve(answer);
    };
    byId("confirm-yes").onclick = end(true);
    byId("confirm-no").onclick = end(false);
    dialog.onclose = () => resolve(false);
  });
}

function wireControls() {
  const on = (/** @type {string} */ id, /** @type {string} */ kind, /** @type {(e: any) => unknown} */ act) => byId(id).addEventListener(kind, act);
  const submits = (/** @type {string} */ id, /** @type {(e: SubmitEvent) => unknown} */ act) =>
    on(id, "submit", (submitted) => {
      submitted.preventDefault();
      void act(submitted);
    });

  const rateChanged = () => {
    dirty("rate-form", byId("rate").value !== String(settings?.admission_rate_per_minute ?? ""));
    show(byId("rate-error"), false);
    drawPrediction();
  };
  const nudge = (/** @type {number} */ direction) => () => {
    const now = Number(byId("rate").value) || 0;
    const size = Math.max(1, 10 ** Math.max(0, Math.floor(Math.log10(Math.max(now, 1))) - 1) * 5);
    byId("rate").value = String(Math.max(0, now + direction * size));
    rateChanged();
  };
  on("rate", "input", rateChanged);
  on("rate-less", "click", nudge(-1));
  on("rate-more", "click", nudge(1));
  on("rate-undo", "click", () => {
    byId("rate").value = String(settings?.admission_rate_per_minute ?? "");
    rateChanged();
  });
  submits("rate-form", async () => {
    const rate = Number(byId("rate").value);
    if (await patch({ admission_rate_per_minute: rate }, `${number.format(rate)} a minute from now on.`, byId("rate-error"))) dirty("rate-form", false);
  });

  submits("pause-form", async () => {
    if (figures?.mode === "pause") {
      const clears = byId("clear-message").checked && figures.message !== "";
      await patch(clears ? { mode: "admit", message: "" } : { mode: "admit" }, "The door is open again.");
      return;
    }
    const reason = byId("reason").value.trim();
    const change = reason ? { mode: "pause", message: reason } : { mode: "pause" };
    await patch(change, "The door is paused. Everybody keeps their place.");
  });

  on("message", "input", () => dirty("message-form", byId("message").value.trim() !== (settings?.message ?? "")));
  submits("message-form", async () => {
    const message = byId("message").value.trim();
    if (await patch({ message }, message ? "Published." : "The message is gone.")) dirty("message-form", false);
  });

  on("max-sessions", "input", () => dirty("sessions-form", byId("max-sessions").value !== String(settings?.max_active_sessions ?? "")));
  submits("sessions-form", async () => {
    const limit = Number(byId("max-sessions").value);
    if (await patch({ max_active_sessions: limit }, `At most ${number.format(limit)} sessions from now on.`, byId("sessions-error"))) dirty("sessions-form", false);
  });

  on("modes", "change", () => dirty("mode-form", chosenMode() !== settings?.mode));
  submits("mode-form", async () => {
    const mode = chosenMode();
    const warnings = {
      bypass: ["Let everybody in at once?", "The shop gets all the people who are waiting, at whatever speed they come.", "Bypass the queue"],
      closed: ["Close the sale?", "Nobody else is let in, and nobody can join.", "Close the sale"],
    };
    const warning = warnings[/** @type {"bypass"|"closed"} */ (mode)];
    if (warning && !(await confirmed(warning[0], warning[1], warning[2]))) return;
    if (await patch({ mode }, `Mode: ${mode}.`)) dirty("mode-form", false);
  });

  on("redrive", "click", async () => {
    try {
      const answer = await call("POST", path(event, "dead-letters/redrive"), { token: credential });
      say(answer.ok ? `${number.format(answer.data.redriven)} sent again.` : `The service answered ${answer.status}.`);
      await readDeadLetters();
    } catch (failure) {
      if (!(failure instanceof Unreachable)) throw failure;
      say("No answer from the service.");
    }
  });

  on("rotate", "click", async () => {
    if (!(await confirmed("Rotate the signing keys?", "New tokens are signed with new keys. Nobody loses a place or a session.", "Rotate"))) return;
    try {
      const answer = await call("POST", "/v1/operator/keys/rotate", { token: credential });
      say(answer.ok ? `New keys sign from ${fullTime.format(Date.parse(answer.data.signs_from))}.` : `The service answered ${answer.status}.`);
    } catch (failure) {
      if (!(failure instanceof Unreachable)) throw failure;
      say("No answer from the service.");
    }
  });
}

function chosenMode() {
  const radios = /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll('input[name="mode"]'));
  return Array.from(radios).find((radio) => radio.checked)?.value ?? "";
}

async function readDeadLetters() {
  const asked = event;
  try {
    const answer = await call("GET", path(asked, "dead-letters"), { token: credential });
    if (!answer.ok || asked !== event) return;
    const letters = answer.data.dead_letters;
    show(byId("redrive"), letters.length > 0);
    show(byId("dead-scroll"), letters.length > 0);
    show(byId("dead-note"), letters.length === 0);
    byId("dead").replaceChildren(
      ...letters.map((/** @type {any} */ letter) =>
        h(
          "tr",
          {},
          h("th", { scope: "row", class: "code" }, letter.order_id ?? letter.id),
          h("td", { class: "start" }, letter.reason),
          h("td", {}, number.format(letter.received_count)),
          h("td", {}, fullTime.format(Date.parse(letter.died_at))),
        ),
      ),
    );
  } catch (failure) {
    if (!(failure instanceof Unreachable)) throw failure;
  }
}
