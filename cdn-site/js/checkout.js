/**
 * Checkout: choose, say for whom, order. The order goes out with one idempotency key which is kept until its answer is
 * known, so that a lost connection, a reload or an impatient second click can't order twice.
 */
import { Unreachable, call, fetchPublic } from "./api.js";
import { byId, eventOfPage, h, linkTo, setText, show } from "./dom.js";
import { dateTime, loadLanguage, locale, t } from "./i18n.js";
import { serverClock } from "./lib/clock.js";
import { base64UrlFromBytes } from "./lib/draw.js";
import { countdown } from "./lib/eta.js";
import { money, totals } from "./lib/money.js";
import { complaints, mostOf } from "./lib/order-form.js";
import { backoff } from "./lib/poll.js";
import { applyTheme } from "./theme.js";
import { forget, forgetful, fromFragment, recall, remember, watch } from "./vault.js";

/** @typedef {import("./lib/contract.js").Offer} Offer */

const STOCK_EVERY_MS = 10_000;
const SOON_MS = 120_000;

const clock = serverClock();
const event = eventOfPage() ?? "";
const carried = fromFragment("pass");
/** @type {{token: string, expires_at?: string, checkout_url?: string}|null} */
const pass = recall("pass", event) ?? (carried ? { token: carried } : null);

/** @type {Offer[]} */
let offers = [];
/** @type {Map<string, number>} */
const basket = new Map();
let expiresAt = NaN;
let sending = false;
let over = false;
let saidSoon = false;
let checked = false;

await loadLanguage();
void applyTheme(event);
byId("nowhere-link").href = event ? linkTo("waiting-room", event) : "/";

const earlier = recall("order", event);
if (earlier && earlier.state !== "refused" && earlier.token === pass?.token && !recall("attempt", event)) {
  location.replace(linkTo("order", event));
} else if (!event || !pass) nowhere("checkout.no_pass_title", "checkout.no_pass_body");
else await open(pass.token);

addEventListener("pageshow", (shown) => {
  // Revived by the back button, the form would be as it was when the order left.
  if (shown.persisted) location.reload();
});

/** @param {string} token */
async function open(token) {
  const attempt = recall("attempt", event);
  await insist(async () => {
    const answer = await call("GET", "/v1/session", { token });
    clock.observe(answer.date);
    if (answer.ok) expiresAt = Date.parse(answer.data.expires_at);
    else if (!attempt) sessionOver();
  });
  if (over) return;
  await insist(refreshStock);
  show(byId("form"), true);
  byId("form").addEventListener("submit", submit);
  byId("name").addEventListener("input", recheck);
  byId("email").addEventListener("input", recheck);
  byId("leave").addEventListener("click", () => byId("leave-dialog").showModal());
  byId("leave-no").addEventListener("click", () => byId("leave-dialog").close());
  byId("leave-yes").addEventListener("click", () => void leave());
  watch("order", event, (order) => {
    if (order) location.assign(linkTo("order", event));
  });
  setInterval(tick, 1000);
  setInterval(() => {
    if (!document.hidden && !over && !sending) refreshStock().catch(() => {});
  }, STOCK_EVERY_MS);
  tick();

  const refused = recall("order", event);
  if (refused?.state === "refused") note(t("checkout.was_refused"));
  if (attempt) {
    for (const { offer, quantity } of attempt.body.lines) basket.set(offer, quantity);
    byId("name").value = attempt.body.name;
    byId("email").value = attempt.body.email;
    drawOffers();
    await send(attempt);
  } else if (refused) {
    byId("name").value = refused.name ?? "";
    byId("email").value = refused.email ?? "";
  }
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
      note("");
      return;
    } catch (failure) {
      if (!(failure instanceof Unreachable)) throw failure;
      failures += 1;
      note(t("notice.unreachable"));
      await pause(Math.min(backoff(failures, Math.random(), failure.retryAfterMs), 10_000));
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
  offers = answer.data.offers;
  drawOffers();
}

function drawOffers() {
  const list = byId("offers");
  for (const offer of offers) {
    const most = mostOf(offer);
    if ((basket.get(offer.id) ?? 0) > most) basket.set(offer.id, most);
    const row = document.getElementById(`row-${offer.id}`) ?? list.appendChild(offerRow(offer));
    row.classList.toggle("gone", most === 0);
    const [stock, less, input, more] = ["stock", "less", "quantity", "more"].map((part) => byId(`${part}-${offer.id}`));
    setText(
      stock,
      most === 0 ? t("checkout.sold_out") : t("checkout.left_of", { count: offer.stock_left, most: offer.max_per_order }),
    );
    const quantity = basket.get(offer.id) ?? 0;
    if (document.activeElement !== input || Number(input.value) > most) input.value = String(quantity);
    input.max = String(most);
    input.disabled = sending || most === 0;
    less.disabled = sending || quantity === 0;
    more.disabled = sending || quantity >= most;
  }
  const all = offers.length > 0 && offers.every((offer) => mostOf(offer) === 0);
  show(byId("all-sold-out"), all);
  drawTotal();
}

/** @param {Offer} offer */
function offerRow(offer) {
  const change = (/** @type {number} */ by) => () => {
    const current = offers.find(({ id }) => id === offer.id) ?? offer;
    basket.set(offer.id, Math.max(0, Math.min(mostOf(current), (basket.get(offer.id) ?? 0) + by)));
    byId(`quantity-${offer.id}`).value = String(basket.get(offer.id));
    recheck();
    drawOffers();
  };
  const typed = (/** @type {any} */ input) => {
    const current = offers.find(({ id }) => id === offer.id) ?? offer;
    const wish = Math.floor(Number(input.target.value) || 0);
    basket.set(offer.id, Math.max(0, Math.min(mostOf(current), wish)));
    recheck();
    drawOffers();
  };
  return h(
    "li",
    { class: "offer", id: `row-${offer.id}`, "data-testid": `offer-${offer.id}` },
    h(
      "div",
      {},
      h("p", { class: "offer-name" }, offer.name),
      h("p", { class: "hint", id: `stock-${offer.id}` }),
    ),
    h("p", { class: "offer-price" }, money(offer.price_cents, offer.currency, locale)),
    h(
      "div",
      { class: "stepper" },
      h("button", { type: "button", id: `less-${offer.id}`, class: "step", "aria-label": t("checkout.fewer", { offer: offer.name }), "data-testid": `less-${offer.id}`, onclick: change(-1) }, "−"),
      h("input", {
        id: `quantity-${offer.id}`,
        class: "step-input",
        type: "number",
        min: 0,
        step: 1,
        inputmode: "numeric",
        value: "0",
        "aria-label": t("checkout.quantity", { offer: offer.name }),
        "aria-describedby": `stock-${offer.id}`,
        "data-testid": `quantity-${offer.id}`,
        oninput: typed,
        onblur: () => drawOffers(),
      }),
      h("button", { type: "button", id: `more-${offer.id}`, class: "step", "aria-label": t("checkout.more", { offer: offer.name }), "data-testid": `more-${offer.id}`, onclick: change(1) }, "+"),
    ),
  );
}

function chosen() {
  return offers.map((offer) => ({ ...offer, quantity: basket.get(offer.id) ?? 0 })).filter(({ quantity }) => quantity > 0);
}

function drawTotal() {
  const lines = chosen();
  byId("sum-lines").replaceChildren(
    ...lines.map((line) =>
      h("li", {}, h("span", {}, `${line.quantity} × ${line.name}`), h("span", {}, money(line.price_cents * line.quantity, line.currency, locale))),
    ),
  );
  const sums = totals(lines);
  setText(byId("total"), sums.length === 0 ? "–" : sums.map(({ cents, currency }) => money(cents, currency, locale)).join(" + "));
}

function wishes() {
  return {
    lines: chosen().map(({ id, quantity }) => ({ offer: id, quantity })),
    name: byId("name").value.trim(),
    email: byId("email").value.trim(),
  };
}

/** Complaints appear on submit, then vanish as soon as they are answered. */
function recheck() {
  if (checked) showComplaints(complaints(wishes(), offers));
}

/** @param {import("./lib/order-form.js").Complaint[]} found */
function showComplaints(found) {
  for (const field of /** @type {const} */ (["lines", "name", "email"])) {
    const complaint = found.find((candidate) => candidate.field === field);
    const place = byId(`${field}-error`);
    show(place, complaint !== undefined);
    setText(place, complaint ? t(complaint.key, complaint.params) : "");
    if (field !== "lines") {
      if (complaint) byId(field).setAttribute("aria-invalid", "true");
      else byId(field).removeAttribute("aria-invalid");
    }
  }
}

/** @param {SubmitEvent} submitted */
async function submit(submitted) {
  submitted.preventDefault();
  if (sending || over) return;
  checked = true;
  const body = wishes();
  const found = complaints(body, offers);
  showComplaints(found);
  if (found.length > 0) {
    const { field } = found[0];
    const target = field === "lines" ? document.querySelector(".step-input:not(:disabled)") : byId(field);
    /** @type {HTMLElement|null} */ (target)?.focus();
    setText(byId("alert"), t("checkout.fix"));
    return;
  }
  const key = base64UrlFromBytes(crypto.getRandomValues(new Uint8Array(18)));
  const attempt = { key, body };
  remember("attempt", event, attempt);
  await send(attempt);
}

/** @param {{key: string, body: {lines: {offer: string, quantity: number}[], name: string, email: string}}} attempt */
async function send({ key, body }) {
  note("");
  busy(true);
  for (let failures = 0; ; ) {
    try {
      setText(byId("sending"), t("checkout.sending"));
      const answer = await call("POST", "/v1/orders", { token: pass?.token, body, headers: { "Idempotency-Key": key } });
      forget("attempt", event);
      if (answer.ok) {
        settle({ ...answer.data, event, name: body.name, email: body.email });
        return;
      }
      if (answer.problem === "ticket-already-bought" && answer.data?.order_id) {
        settle({ order_id: answer.data.order_id, event, state: "pending" });
        return;
      }
      if (answer.status === 401) {
        sessionOver();
        return;
      }
      refused(answer);
      break;
    } catch (failure) {
      if (!(failure instanceof Unreachable)) throw failure;
      failures += 1;
      const wait = Math.min(backoff(failures, Math.random(), failure.retryAfterMs), 10_000);
      for (let left = wait; left > 0; left -= 1000) {
        setText(byId("sending"), t("checkout.retrying", { seconds: Math.ceil(left / 1000) }));
        await pause(Math.min(left, 1000));
      }
    }
  }
  busy(false);
  setText(byId("sending"), "");
}

/** @param {import("./api.js").Answer} answer */
function refused(answer) {
  const detail = String(answer.data?.detail ?? answer.data?.title ?? answer.status);
  const field = String(answer.data?.field ?? "");
  if (field === "name" || field === "email") {
    show(byId(`${field}-error`), true);
    setText(byId(`${field}-error`), detail);
    byId(field).setAttribute("aria-invalid", "true");
    byId(field).focus();
  }
  note(t("checkout.refused", { reason: detail }));
  refreshStock().catch(() => {});
}

/** @param {any} order */
function settle(order) {
  remember("order", event, { ...order, token: pass?.token, ticket: recall("seat", event)?.ticket ?? null });
  const address = new URL(linkTo("order", event), location.href);
  if (forgetful) address.hash = `pass=${pass?.token}&order=${order.order_id}`;
  location.assign(address.href);
}

/** @param {boolean} on */
function busy(on) {
  sending = on;
  for (const id of ["submit", "name", "email", "leave"]) byId(id).disabled = on;
  drawOffers();
}

function tick() {
  if (Number.isNaN(expiresAt) || over) return;
  const left = expiresAt - clock.now();
  setText(byId("session"), countdown(left).clock);
  byId("form").dataset.soon = String(left < SOON_MS);
  if (left < SOON_MS && left > 0 && !saidSoon) {
    saidSoon = true;
    setText(byId("alert"), t("checkout.session_soon"));
  }
  if (left <= 0 && !sending) sessionOver();
}

function sessionOver() {
  over = true;
  nowhere("checkout.over_title", "checkout.over_body");
}

async function leave() {
  byId("leave-dialog").close();
  busy(true);
  try {
    await call("DELETE", "/v1/session", { token: pass?.token });
    over = true;
    forget("pass", event);
    forget("seat", event);
    nowhere("checkout.left_title", "checkout.left_body");
  } catch (failure) {
    if (!(failure instanceof Unreachable)) throw failure;
    note(t("notice.unreachable"));
  }
  busy(false);
}

/** @param {string} title @param {string} body */
function nowhere(title, body) {
  show(byId("form"), false);
  show(byId("nowhere"), true);
  setText(byId("nowhere-title"), t(title));
  setText(byId("nowhere-body"), t(body));
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
