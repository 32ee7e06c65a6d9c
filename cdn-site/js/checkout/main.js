/**
 * Checkout: choose, say for whom, order. The order goes out with one idempotency key which is kept until its answer is
 * known, so that a lost connection, a reload or an impatient second click can't order twice.
 */
import { Unreachable, call, fetchPublic } from "../api.js";
import { byId, eventOfPage, linkTo, setText, show } from "../dom.js";
import { dateTime, loadLanguage, t } from "../i18n.js";
import { serverClock } from "../lib/clock.js";
import { base64UrlFromBytes } from "../lib/draw.js";
import { complaints } from "../lib/order-form.js";
import { backoff } from "../lib/poll.js";
import { applyTheme } from "../theme.js";
import { draft, forget, forgetful, fromFragment, recall, remember, watch } from "../vault.js";
import { Basket } from "./basket.js";
import { SessionClock } from "./session.js";

/** @typedef {{key: string, token: string, body: {lines: {offer: string, quantity: number}[], name: string, email: string}}} Attempt */

const STOCK_EVERY_MS = 10_000;
const LONGEST_PAUSE_MS = 10_000;

const clock = serverClock();
const event = eventOfPage() ?? "";
const carried = fromFragment("pass");
/** @type {{token: string, expires_at?: string, checkout_url?: string}|null} */
const pass = recall("pass", event) ?? (carried ? { token: carried } : null);
const basket = new Basket(changed);
const session = new SessionClock(clock, () => {
  // An order under way is answered even after the session's end, so it is waited for.
  if (!sending) end("over");
});

let sending = false;
let over = false;
let checked = false;

await loadLanguage();
void applyTheme(event);
byId("nowhere-link").href = event ? linkTo("waiting-room", event) : "/";

const earlier = recall("order", event);
if (earlier && earlier.state !== "refused" && earlier.token === pass?.token && !recall("attempt", event)) {
  location.replace(linkTo("order", event));
} else if (!event || !pass) end("no_pass");
else await open(pass.token);

addEventListener("pageshow", (shown) => {
  // Revived by the back button, the form would be as it was when the order left.
  if (shown.persisted) location.reload();
});

/** @param {string} token */
async function open(token) {
  /** @type {Attempt|null} */
  const kept = recall("attempt", event);
  // What was not answered in an earlier session is offered again, but not sent again: nobody pressed the button in this one.
  const attempt = kept?.token === token ? kept : null;
  show(byId("opening"), true);
  await insist(async () => {
    const answer = await call("GET", "/v1/session", { token });
    clock.observe(answer.date);
    if (answer.ok) session.endsAt(answer.data.expires_at);
    else if (!attempt) end("over");
  });
  if (over) return;
  await insist(refreshStock);
  show(byId("opening"), false);
  show(byId("form"), true);
  byId("form").addEventListener("submit", submit);
  byId("name").addEventListener("input", changed);
  byId("email").addEventListener("input", changed);
  byId("leave").addEventListener("click", () => byId("leave-dialog").showModal());
  byId("leave-no").addEventListener("click", () => byId("leave-dialog").close());
  byId("leave-yes").addEventListener("click", () => void leave());
  watch("order", event, (order) => {
    if (order) location.assign(linkTo("order", event));
  });
  watch("pass", event, (other) => {
    if (other === null && !sending) end("left");
  });
  session.start();
  setInterval(() => {
    if (!document.hidden && !over && !sending) refreshStock().catch(() => {});
  }, STOCK_EVERY_MS);

  const refused = recall("order", event);
  if (refused?.state === "refused") note(t("checkout.was_refused"));
  const begun = kept?.body ?? draft.recall(event);
  if (begun) basket.fill(begun.lines);
  byId("name").value = begun?.name ?? refused?.name ?? "";
  byId("email").value = begun?.email ?? refused?.email ?? "";
  basket.restock(basket.offers);
  if (attempt) await send(attempt);
}

/**
 * Tries until somebody answers.
 *
 * @param {() => Promise<void>} act
 */
async function insist(act) {
  for (let failures = 0; ; ) {
    try {
      await act();
      setText(byId("opening"), t("state.loading"));
      return;
    } catch (failure) {
      if (!(failure instanceof Unreachable)) throw failure;
      failures += 1;
      setText(byId("opening"), t("checkout.unreachable"));
      await pause(Math.min(backoff(failures, Math.random(), failure.retryAfterMs), LONGEST_PAUSE_MS));
    }
  }
}

async function refreshStock() {
  const answer = await fetchPublic(`/v1/events/${encodeURIComponent(event)}`);
  if (!answer.ok) return;
  clock.observe(answer.data.server_time);
  const { name, venue, starts_at } = answer.data;
  setText(byId("event-name"), name);
  document.title = `${t("checkout.title")} · ${name}`;
  setText(byId("event-facts"), [venue, starts_at ? dateTime(starts_at) : null].filter(Boolean).join(" · "));
  basket.restock(answer.data.offers);
}

function wishes() {
  return {
    lines: basket.chosen.map(({ id, quantity }) => ({ offer: id, quantity })),
    name: byId("name").value.trim(),
    email: byId("email").value.trim(),
  };
}

/** Complaints appear on submit, then vanish as soon as they are answered. */
function changed() {
  draft.remember(event, wishes());
  if (checked) showComplaints(complaints(wishes(), basket.offers));
}

/** @param {import("../lib/order-form.js").Complaint[]} found */
function showComplaints(found) {
  for (const field of /** @type {const} */ (["lines", "name", "email"])) {
    const complaint = found.find((candidate) => candidate.field === field);
    complain(field, complaint ? t(complaint.key, complaint.params) : "");
  }
}

/** @param {"lines"|"name"|"email"} field @param {string} text */
function complain(field, text) {
  show(byId(`${field}-error`), text !== "");
  setText(byId(`${field}-error`), text);
  if (field === "lines") return;
  if (text === "") byId(field).removeAttribute("aria-invalid");
  else byId(field).setAttribute("aria-invalid", "true");
}

/** @param {SubmitEvent} submitted */
async function submit(submitted) {
  submitted.preventDefault();
  if (sending || over || !pass) return;
  checked = true;
  const body = wishes();
  const found = complaints(body, basket.offers);
  showComplaints(found);
  if (found.length > 0) {
    const { field } = found[0];
    const target = field === "lines" ? document.querySelector(".step-input:not(:disabled)") : byId(field);
    /** @type {HTMLElement|null} */ (target)?.focus();
    setText(byId("alert"), t("checkout.fix"));
    return;
  }
  const attempt = { key: base64UrlFromBytes(crypto.getRandomValues(new Uint8Array(18))), token: pass.token, body };
  remember("attempt", event, attempt);
  await send(attempt);
}

/** @param {Attempt} attempt */
async function send({ key, token, body }) {
  note("");
  busy(true);
  progress(t("checkout.sending"), t("checkout.sending"));
  for (let failures = 0; ; ) {
    try {
      const answer = await call("POST", "/v1/orders", { token, body, headers: { "Idempotency-Key": key } });
      forget("attempt", event);
      if (answer.ok) {
        settle({ ...answer.data, event, name: body.name, email: body.email, lines: lines() });
        return;
      }
      if (answer.problem === "ticket-already-bought" && answer.data?.order_id) {
        settle({ order_id: answer.data.order_id, event, state: "pending" });
        return;
      }
      if (answer.status === 401) {
        end("over");
        return;
      }
      refused(answer);
      break;
    } catch (failure) {
      if (!(failure instanceof Unreachable)) throw failure;
      failures += 1;
      const wait = Math.min(backoff(failures, Math.random(), failure.retryAfterMs), LONGEST_PAUSE_MS);
      for (let left = wait; left > 0; left -= 1000) {
        progress(t("checkout.retrying", { seconds: Math.ceil(left / 1000) }), t("checkout.retries"));
        await pause(Math.min(left, 1000));
      }
      progress(t("checkout.sending"), "");
    }
  }
  busy(false);
  progress("", "");
}

/** The lines as the order's page shows them, until it has asked for its own. */
function lines() {
  return basket.chosen.map(({ id, name, quantity, price_cents }) => ({ offer: id, name, quantity, price_cents }));
}

/**
 * @param {string} seen changes every second
 * @param {string} heard is spoken only when it changes; "" leaves it at what was said
 */
function progress(seen, heard) {
  setText(byId("sending"), seen);
  if (heard !== "") setText(byId("say"), heard);
}

/** @param {import("../api.js").Answer} answer */
function refused(answer) {
  const detail = String(answer.data?.detail ?? answer.data?.title ?? answer.status);
  const field = String(answer.data?.field ?? "");
  note(t("checkout.refused", { reason: detail }));
  if (field === "name" || field === "email") {
    complain(field, detail);
    busy(false);
    byId(field).focus();
  }
  refreshStock().catch(() => {});
}

/** @param {any} order */
function settle(order) {
  draft.forget(event);
  remember("order", event, { ...order, token: pass?.token, ticket: recall("seat", event)?.ticket ?? null });
  const address = new URL(linkTo("order", event), location.href);
  if (forgetful) address.hash = `pass=${pass?.token}&order=${order.order_id}`;
  location.assign(address.href);
}

/** @param {boolean} on */
function busy(on) {
  sending = on;
  for (const id of ["submit", "name", "email", "leave"]) byId(id).disabled = on;
  basket.lock(on);
}

async function leave() {
  byId("leave-dialog").close();
  busy(true);
  try {
    await call("DELETE", "/v1/session", { token: pass?.token });
    forget("pass", event);
    forget("seat", event);
    draft.forget(event);
    end("left");
  } catch (failure) {
    if (!(failure instanceof Unreachable)) throw failure;
    note(t("notice.unreachable"));
  }
  busy(false);
}

/** There is nothing to order here (any more). @param {"over"|"left"|"no_pass"} why */
function end(why) {
  over = true;
  session.stop();
  if (byId("leave-dialog").open) byId("leave-dialog").close();
  show(byId("opening"), false);
  show(byId("form"), false);
  show(byId("nowhere"), true);
  setText(byId("nowhere-title"), t(`checkout.${why}_title`));
  setText(byId("nowhere-body"), t(`checkout.${why}_body`));
  byId("nowhere-title").focus();
}

/** @param {string} text */
function note(text) {
  const place = byId("form-note");
  show(place, text !== "");
  setText(place, text);
  if (text !== "") setText(byId("alert"), text);
}

/** @param {number} ms @returns {Promise<void>} */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
