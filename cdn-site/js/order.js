/** An order and what became of it: asks until it is settled, keeps what it learned, prints well. */
import { Unreachable, call, fetchPublic } from "./api.js";
import { byId, eventOfPage, h, linkTo, setText, show } from "./dom.js";
import { dateTime, loadLanguage, locale, number, t } from "./i18n.js";
import { money } from "./lib/money.js";
import { backoff } from "./lib/poll.js";
import { applyTheme } from "./theme.js";
import { fromFragment, recall, remember } from "./vault.js";

const SLOW_AFTER_MS = 20_000;

const event = eventOfPage() ?? "";
/** @type {any} */
let order = recall("order", event);
const token = order?.token ?? fromFragment("pass") ?? recall("pass", event)?.token;
const id = new URLSearchParams(location.search).get("order") ?? order?.order_id ?? fromFragment("order");
const since = performance.now();
let mayChoose = false;

await loadLanguage();
void applyTheme(event);
byId("print").addEventListener("click", () => print());

if (!event || !id) show(byId("nowhere"), true);
else {
  byId("again").href = linkTo("checkout", event) + (fromFragment("pass") ? `#pass=${token}` : "");
  if (order?.order_id !== id) order = { order_id: id, event, state: "pending" };
  if (order?.event_name === undefined) void nameEvent();
  draw();
  void follow();
}

async function nameEvent() {
  try {
    const answer = await fetchPublic(`/v1/events/${encodeURIComponent(event)}`);
    if (!answer.ok) return;
    order = { ...order, event_name: answer.data.name, venue: answer.data.venue, starts_at: answer.data.starts_at };
    keep();
    draw();
  } catch {
    /* the order reads well without */
  }
}

/** A refused order leaves the session open only while there is something else to choose. */
async function lookForChoice() {
  try {
    const shop = await fetchPublic(`/v1/events/${encodeURIComponent(event)}`);
    if (!shop.ok || shop.data.offers.every((/** @type {any} */ offer) => offer.stock_left <= 0)) return;
    mayChoose = (await call("GET", "/v1/session", { token })).ok;
    draw();
  } catch (failure) {
    if (!(failure instanceof Unreachable)) throw failure;
  }
}

async function follow() {
  for (let failures = 0, asked = 0; order.state === "pending" || !order.placed_at; ) {
    let wait = Math.min(1000 + asked * 250, 5000);
    try {
      const answer = await call("GET", `/v1/orders/${encodeURIComponent(id)}`, { token });
      failures = 0;
      show(byId("notice-offline"), false);
      if (answer.ok) {
        const before = order.state;
        order = { ...order, ...answer.data };
        keep();
        draw();
        if (before === "pending" && order.state !== "pending") {
          setText(byId("say"), t(order.state === "confirmed" ? "order.say_confirmed" : "order.say_refused"));
        }
      } else if (answer.status === 404 || (answer.status === 401 && !order.placed_at)) {
        show(byId("receipt"), false);
        show(byId("nowhere"), true);
        return;
      } else if (answer.status === 401) return;
    } catch (failure) {
      if (!(failure instanceof Unreachable)) throw failure;
      failures += 1;
      wait = Math.min(backoff(failures, Math.random(), failure.retryAfterMs), 10_000);
      show(byId("notice-offline"), failures > 1);
      setText(byId("notice-offline"), t("order.offline"));
    }
    asked += 1;
    if (order.state === "pending") {
      await new Promise((resolve) => setTimeout(resolve, wait * (0.9 + 0.2 * Math.random())));
      draw();
    }
  }
  if (order.state === "refused") await lookForChoice();
}

function keep() {
  remember("order", event, { ...order, token });
}

function draw() {
  const { state, reason } = order;
  show(byId("receipt"), true);
  byId("receipt").dataset.state = state;
  document.title = [t(`order.${state}`), order.event_name].filter(Boolean).join(" · ");
  setText(byId("event-name"), order.event_name ?? "");
  const soldOut = state === "refused" && (!reason || reason === "sold-out");
  setText(byId("order-state"), state === "refused" && !soldOut ? t("order.say_refused") : t(`order.${state}`));
  const slow = state === "pending" && performance.now() - since > SLOW_AFTER_MS;
  const text = slow ? t("order.slow") : state === "refused" && !soldOut ? t("order.refused_other", { reason }) : t(`order.${state}_text`);
  setText(byId("order-text"), mayChoose ? `${text} ${t("order.refused_choose")}` : text);
  setText(byId("order-id"), order.order_id);
  show(byId("row-name"), Boolean(order.name));
  setText(byId("order-for"), [order.name, order.email].filter(Boolean).join(", "));
  show(byId("row-when"), Boolean(order.starts_at || order.venue));
  setText(byId("order-where"), order.venue ?? "");
  setText(byId("order-when"), order.starts_at ? dateTime(order.starts_at) : "");
  show(byId("row-placed"), Boolean(order.placed_at));
  setText(byId("order-placed"), order.placed_at ? dateTime(order.placed_at) : "");
  byId("order-lines").replaceChildren(
    ...(order.lines ?? []).map((/** @type {any} */ line) =>
      h(
        "tr",
        {},
        h(
          "th",
          { scope: "row" },
          line.name ?? line.offer,
          h("span", { class: "each" }, t("order.each", { price: money(line.price_cents, order.currency, locale) })),
        ),
        h("td", {}, number(line.quantity)),
        h("td", {}, money(line.price_cents * line.quantity, order.currency, locale)),
      ),
    ),
  );
  setText(byId("order-total"), order.total_cents === undefined ? "" : money(order.total_cents, order.currency, locale));
  show(byId("print"), state === "confirmed");
  show(byId("again"), mayChoose);
}
