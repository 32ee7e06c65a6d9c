/** The first page: every event with its state, prices and stock, and the one thing to do about it. */
import { Unreachable, fetchPublic } from "./api.js";
import { byId, h, linkTo, setText, show } from "./dom.js";
import { dateTime, loadLanguage, locale, moment, t } from "./i18n.js";
import { money } from "./lib/money.js";
import { backoff } from "./lib/poll.js";
import { orderOfTicket, recall } from "./vault.js";

/** @typedef {import("./lib/contract.js").Event} Event */

const AGAIN_MS = 15_000;

/** @type {Map<string, {fingerprint: string, element: HTMLElement}>} */
const drawn = new Map();
let failures = 0;
/** @type {ReturnType<typeof setTimeout>|undefined} */
let timer;

await loadLanguage();
void look();
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) void look();
});

async function look() {
  clearTimeout(timer);
  let delay = AGAIN_MS * (0.8 + 0.4 * Math.random());
  try {
    const answer = await fetchPublic("/v1/events");
    if (!answer.ok) throw new Unreachable(`status ${answer.status}`);
    failures = 0;
    draw(answer.data.events);
  } catch (failure) {
    if (!(failure instanceof Unreachable)) throw failure;
    failures += 1;
    delay = backoff(failures, Math.random(), failure.retryAfterMs);
    show(byId("home-note"), true);
    setText(byId("home-note"), t("home.failed"));
  }
  if (!document.hidden) timer = setTimeout(() => void look(), delay);
}

/** @param {Event[]} events */
function draw(events) {
  const note = byId("home-note");
  show(note, events.length === 0);
  if (events.length === 0) setText(note, t("home.none"));
  const list = byId("events");
  for (const [id, { element }] of drawn) {
    if (!events.some((event) => event.id === id)) {
      element.remove();
      drawn.delete(id);
    }
  }
  for (const event of events) {
    const seat = recall("seat", event.id);
    const ordered = orderOfTicket(event.id) !== null;
    const { server_time: now, ...rest } = event;
    const opened = Date.parse(now) >= Date.parse(event.opens_at);
    const fingerprint = JSON.stringify([rest, Boolean(seat?.token), ordered, opened, locale]);
    const before = drawn.get(event.id);
    if (before?.fingerprint === fingerprint) continue;
    const element = card(event, Boolean(seat?.token), ordered);
    const hadFocus = before?.element.contains(document.activeElement) ?? false;
    if (before) before.element.replaceWith(element);
    else list.append(element);
    if (hadFocus) element.querySelector("a")?.focus();
    drawn.set(event.id, { fingerprint, element });
  }
}

/** @param {Event} event @param {boolean} seated @param {boolean} ordered */
function card(event, seated, ordered) {
  const now = Date.parse(event.server_time);
  const early = now < Date.parse(event.opens_at);
  const soldOut = event.offers.length > 0 && event.offers.every((offer) => offer.stock_left <= 0);
  const exhausted = soldOut && event.phase !== "closed";
  const phase = early
    ? t("phase.not_open", { when: moment(event.opens_at, now) })
    : t(`phase.${event.phase}`, { when: moment(event.on_sale_at, now) });
  return h(
    "li",
    { class: "event card", "data-testid": `event-${event.id}`, "data-phase": early ? "early" : exhausted ? "sold-out" : event.phase },
    dateBlock(event.starts_at),
    h(
      "div",
      { class: "event-what" },
      h("h2", { class: "event-name" }, event.name),
      h("p", { class: "event-where" }, [event.venue, event.starts_at ? dateTime(event.starts_at) : null].filter(Boolean).join(" · ")),
      offers(event),
    ),
    h(
      "div",
      { class: "event-now" },
      h("p", { class: "event-phase", "data-testid": "phase" }, exhausted ? t("home.sold_out") : phase),
      event.phase === "closed" || early
        ? null
        : h("p", { class: "event-waiting", "data-testid": "waiting" }, crowd(event)),
      action(event, early, seated, ordered),
    ),
  );
}

/** @param {Event} event */
function crowd({ phase, waiting }) {
  if (waiting === 0) return t("home.nobody");
  return t(phase === "prequeue" ? "home.in_draw" : "home.waiting", { count: waiting });
}

/** @param {string|null} startsAt */
function dateBlock(startsAt) {
  if (startsAt === null) return h("p", { class: "event-date" });
  const date = new Date(startsAt);
  const part = (/** @type {Intl.DateTimeFormatOptions} */ options) => new Intl.DateTimeFormat(locale, options).format(date);
  // The full date stands beside it in words; the block is for the eye.
  return h(
    "p",
    { class: "event-date", "aria-hidden": "true" },
    h("span", { class: "event-day" }, part({ day: "numeric" })),
    h("span", { class: "event-month" }, `${part({ month: "short" })} ${part({ year: "numeric" })}`),
  );
}

/** @param {Event} event */
function offers({ offers: all }) {
  if (all.length === 0) return null;
  return h(
    "ul",
    { class: "event-offers" },
    ...all.map((offer) =>
      h(
        "li",
        { class: offer.stock_left <= 0 ? "gone" : null },
        h("span", { class: "event-offer" }, offer.name),
        h("b", {}, money(offer.price_cents, offer.currency, locale)),
        h("span", { class: "dim" }, offer.stock_left <= 0 ? t("home.sold_out") : t("home.left", { count: offer.stock_left })),
      ),
    ),
  );
}

/** @param {Event} event @param {boolean} early @param {boolean} seated @param {boolean} ordered */
function action(event, early, seated, ordered) {
  const room = linkTo("waiting-room", event.id);
  const button = (/** @type {string} */ href, /** @type {string} */ key, /** @type {string} */ kind = "") =>
    h("a", { class: `button ${kind}`, href, "data-testid": "open", "aria-label": `${t(key)}: ${event.name}` }, t(key));
  if (ordered) return button(linkTo("order", event.id), "home.your_order");
  if (event.phase === "closed") return null;
  if (seated) return button(room, "home.back", "button-go");
  if (early) return button(room, "home.look", "button-plain");
  const key = { prequeue: "home.draw", bypass: "home.go_in" }[/** @type {string} */ (event.phase)] ?? "home.join";
  return button(`${room}&join=1`, key);
}
