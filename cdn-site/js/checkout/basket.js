/** What is on offer, what the fan has chosen of it, and what that costs. */
import { byId, h, setText, show } from "../dom.js";
import { locale, t } from "../i18n.js";
import { money, totals } from "../lib/money.js";
import { mostOf } from "../lib/order-form.js";

/** @typedef {import("../lib/contract.js").Offer} Offer */

export class Basket {
  /** @param {() => void} changed called when the fan chose something else, or had to */
  constructor(changed) {
    this.changed = changed;
    /** @type {Offer[]} */
    this.offers = [];
    /** @type {Map<string, number>} */
    this.quantities = new Map();
    this.locked = false;
  }

  get chosen() {
    return this.offers.map((offer) => ({ ...offer, quantity: this.quantityOf(offer.id) })).filter(({ quantity }) => quantity > 0);
  }

  /** @param {string} id */
  quantityOf(id) {
    return this.quantities.get(id) ?? 0;
  }

  /** @param {{offer: string, quantity: number}[]} lines as they were chosen before */
  fill(lines) {
    for (const { offer, quantity } of lines) this.quantities.set(offer, quantity);
  }

  /**
   * Takes what is left now. Who had chosen more is told: a basket that shrinks by itself must not go unnoticed.
   *
   * @param {Offer[]} offers
   */
  restock(offers) {
    this.offers = offers;
    const told = [];
    for (const offer of offers) {
      const most = mostOf(offer);
      if (this.quantityOf(offer.id) <= most) continue;
      this.quantities.set(offer.id, most);
      told.push(t(most === 0 ? "checkout.now_sold_out" : "checkout.now_fewer", { offer: offer.name, count: most }));
    }
    this.draw();
    if (told.length === 0) return;
    this.tell(told.join(" "));
    this.changed();
  }

  /** @param {boolean} on */
  lock(on) {
    this.locked = on;
    this.draw();
  }

  draw() {
    const list = byId("offers");
    for (const offer of this.offers) {
      const most = mostOf(offer);
      const row = document.getElementById(`row-${offer.id}`) ?? list.appendChild(this.row(offer));
      row.classList.toggle("gone", most === 0);
      const [stock, less, input, more] = ["stock", "less", "quantity", "more"].map((part) => byId(`${part}-${offer.id}`));
      setText(
        stock,
        most === 0 ? t("checkout.sold_out") : t("checkout.left_of", { count: offer.stock_left, most: offer.max_per_order }),
      );
      const quantity = this.quantityOf(offer.id);
      if (document.activeElement !== input || Number(input.value) > most) input.value = String(quantity);
      input.max = String(most);
      input.disabled = this.locked || most === 0;
      less.disabled = this.locked || quantity === 0;
      more.disabled = this.locked || quantity >= most;
    }
    show(byId("all-sold-out"), this.offers.length > 0 && this.offers.every((offer) => mostOf(offer) === 0));
    this.drawTotal();
  }

  drawTotal() {
    const lines = this.chosen;
    byId("sum-lines").replaceChildren(
      ...lines.map((line) =>
        h("li", {}, h("span", {}, `${line.quantity} × ${line.name}`), h("span", {}, money(line.price_cents * line.quantity, line.currency, locale))),
      ),
    );
    const nothing = this.offers.slice(0, 1).map(({ currency }) => ({ cents: 0, currency }));
    const sums = lines.length === 0 ? nothing : totals(lines);
    setText(byId("total"), sums.map(({ cents, currency }) => money(cents, currency, locale)).join(" + "));
  }

  /**
   * @param {string} id
   * @param {number} wish
   */
  choose(id, wish) {
    const offer = this.offers.find((candidate) => candidate.id === id);
    if (!offer) return;
    const most = mostOf(offer);
    const quantity = Math.max(0, Math.min(most, wish));
    this.quantities.set(id, quantity);
    this.tell(wish > most ? t("checkout.too_many", { most, offer: offer.name }) : "");
    this.changed();
    this.draw();
  }

  /** @param {string} text what had to be changed in what the fan chose */
  tell(text) {
    show(byId("lines-note"), text !== "");
    setText(byId("lines-note"), text);
    if (text !== "") setText(byId("say"), text);
  }

  /** @param {Offer} offer */
  row(offer) {
    const { id, name } = offer;
    const step = (/** @type {string} */ part, /** @type {number} */ by, /** @type {string} */ label, /** @type {string} */ sign) =>
      h(
        "button",
        { type: "button", id: `${part}-${id}`, class: "step", "aria-label": label, "data-testid": `${part}-${id}`, onclick: () => this.step(id, by) },
        sign,
      );
    return h(
      "li",
      { class: "offer", id: `row-${id}`, "data-testid": `offer-${id}` },
      h("div", {}, h("p", { class: "offer-name" }, name), h("p", { class: "hint", id: `stock-${id}` })),
      h("p", { class: "offer-price" }, money(offer.price_cents, offer.currency, locale)),
      h(
        "div",
        { class: "stepper" },
        step("less", -1, t("checkout.fewer", { offer: name }), "−"),
        h("input", {
          id: `quantity-${id}`,
          class: "step-input",
          type: "number",
          min: 0,
          step: 1,
          inputmode: "numeric",
          value: "0",
          "aria-label": t("checkout.quantity", { offer: name }),
          "aria-describedby": `stock-${id}`,
          "data-testid": `quantity-${id}`,
          oninput: (/** @type {any} */ typed) => this.choose(id, Math.floor(Number(typed.target.value) || 0)),
          onblur: () => this.draw(),
        }),
        step("more", 1, t("checkout.more", { offer: name }), "+"),
      ),
    );
  }

  /** @param {string} id @param {number} by */
  step(id, by) {
    this.choose(id, this.quantityOf(id) + by);
    byId(`quantity-${id}`).value = String(this.quantityOf(id));
  }
}
