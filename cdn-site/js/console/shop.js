/** Stock, orders, and the totals since the queue began. */
import { byId, h } from "../dom.js";
import { count, percent } from "./format.js";

/** @param {import("../lib/contract.js").Figures} figures */
export function drawShop(figures) {
  redraw(byId("stock"), figures.offers, () =>
    figures.offers.map(({ name, stock, stock_left: left }) =>
      h(
        "tr",
        { class: left === 0 ? "gone" : null },
        h("th", { scope: "row" }, name),
        h("td", {}, left === 0 ? "sold out" : count(left)),
        h("td", { class: "dim" }, count(stock)),
        h("td", { class: "dim" }, left === null || stock === 0 ? "–" : percent(left / stock)),
      ),
    ),
  );
  const { orders } = figures;
  counts(
    byId("orders"),
    orders === null
      ? [["The shop does not answer", null]]
      : [
          ["Confirmed", orders.confirmed],
          ["Pending", orders.pending],
          ["Refused", orders.refused],
          ["In the order queue", orders.queue_depth],
          ["Dead letters", orders.dead_letters],
        ],
  );
  counts(byId("totals"), [
    ["Joined", figures.joined_total],
    ["Called", figures.called_total],
    ["Claimed", figures.claimed_total],
    ["Missed their call", figures.missed_total],
    ["Left", figures.left_total],
    ["Sessions ended", figures.sessions_ended_total],
  ]);
}

/** @param {HTMLElement} list @param {[string, number|null][]} rows */
function counts(list, rows) {
  redraw(list, rows, () => rows.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value === null ? "" : count(value)))));
}

/** @type {WeakMap<HTMLElement, string>} */
const drawn = new WeakMap();

/** Draws only what changed, so that screen readers and selections are left in peace. @param {HTMLElement} place @param {unknown} what @param {() => Node[]} make */
function redraw(place, what, make) {
  const fingerprint = JSON.stringify(what);
  if (drawn.get(place) === fingerprint) return;
  drawn.set(place, fingerprint);
  place.replaceChildren(...make());
}
