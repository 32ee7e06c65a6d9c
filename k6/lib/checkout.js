/** Behind the door: an order, its repetitions, and how it ends. */
import { sleep } from "k6";
import { newSecret, slug } from "./fan.js";
import { Caller } from "./http.js";
import { orders, times } from "./metrics.js";

/** Seconds until a fan asks for an order's end the first time; each pause is longer by as much, up to the longest. */
const POLL = { first: 0.5, longest: 3 };
const PATIENCE = 60;

export class Checkout {
  /**
   * @param {object} settings the story's
   * @param {string} token admission token
   */
  constructor(settings, token) {
    this.caller = new Caller(settings);
    this.token = token;
    this.key = `order-${newSecret()}`;
  }

  /** Sends `order`; by the key of this checkout unless told otherwise. */
  send(order, { expect = [200, 202], key = this.key, name = "order" } = {}) {
    const headers = key === null ? {} : { "Idempotency-Key": key };
    return this.caller.ask("POST", "/v1/orders", { name, expect, token: this.token, headers, body: order });
  }

  /** Places `order`: the accepted order, or nothing. It counts as unsettled from here on. */
  place(order, expect = [200, 202]) {
    const answer = this.send(order, { expect });
    if (answer.status !== 200 && answer.status !== 202) return null;
    this.placedAt = answer.firstSentAt;
    orders.accepted.add(1);
    orders.unsettled.add(1);
    return answer.body;
  }

  read(id) {
    return this.caller.ask("GET", `/v1/orders/${id}`, { name: "order status", expect: [200], token: this.token });
  }

  /** Waits until the order `id` is settled and books it: the order, or nothing. */
  settled(id) {
    const deadline = Date.now() + PATIENCE * 1000;
    for (let looks = 1; Date.now() < deadline; looks += 1) {
      sleep(Math.min(POLL.first * looks, POLL.longest) * (0.8 + 0.4 * Math.random()));
      const { ok, body } = this.read(id);
      if (ok && body.state !== "pending") {
        this.bookOrder(body);
        return body;
      }
    }
    console.error(`the order ${id} is still pending`);
    return null;
  }

  bookOrder({ state, lines }) {
    orders.unsettled.add(-1);
    times.settle.add(Date.now() - this.placedAt);
    if (state === "confirmed") {
      orders.confirmed.add(1);
      for (const { quantity } of lines) orders.stockUnaccounted.add(quantity);
    } else {
      orders.refused.add(1);
    }
  }

  leave() {
    return this.caller.ask("DELETE", "/v1/session", { name: "leave checkout", expect: [204], token: this.token });
  }
}

/** An order of so many of `offer`. */
export function orderOf(offer, quantity, number) {
  return {
    lines: [{ offer, quantity }],
    name: `Fan ${number}`,
    email: `fan-${number}@example.org`,
  };
}

/** Buys one: places the order, repeats it with its key, waits for its end. The order, or nothing. */
export function buyOne(settings, { admission_token }, offer, number) {
  const checkout = new Checkout(settings, admission_token);
  const order = orderOf(offer, 1, number);
  const placed = checkout.place(order);
  if (placed === null) return null;
  if (Math.random() < settings.RETRIES) repeatsAgree(checkout, order, placed);
  const settled = checkout.settled(placed.order_id);
  return settled && { checkout, settled };
}

/** Repeats a request with its key: the same order, or a second one was made. */
export function repeatsAgree(checkout, order, placed) {
  const again = checkout.send(order, { name: "order again" });
  if (again.ok && again.body.order_id !== placed.order_id) isDoubled(placed.order_id, again.body.order_id);
}

/** Another order of a ticket that has bought is refused, and says which order there is. */
export function buysOnce(checkout, offer, placed, number) {
  const second = checkout.send(orderOf(offer, 1, number), {
    expect: [401, 409],
    key: `second-${newSecret()}`,
    name: "second order",
  });
  if (second.status === 409 && slug(second) === "ticket-already-bought" && second.body.order_id === placed.order_id) return;
  // Its session may be over by now; then nothing opens at all.
  if (second.status === 401) return;
  isDoubled(placed.order_id, second.body.order_id);
}

function isDoubled(first, second) {
  orders.doubled.add(1);
  console.error(`one ticket, two orders: ${first} and ${second}`);
}
