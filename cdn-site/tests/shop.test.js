import assert from "node:assert/strict";
import { test } from "node:test";
import { money, totals } from "../js/lib/money.js";
import { complaints, mostOf } from "../js/lib/order-form.js";

const offers = [
  { id: "standing", name: "Standing", price_cents: 4500, currency: "EUR", stock: 100, stock_left: 50, max_per_order: 4 },
  { id: "seated", name: "Seated", price_cents: 7000, currency: "EUR", stock: 100, stock_left: 2, max_per_order: 4 },
];
const good = { lines: [{ offer: "standing", quantity: 2 }], name: "Inês", email: "ines@example.org" };
const fields = (over) => complaints({ ...good, ...over }, offers).map(({ field }) => field);

test("money in the currency's own units", () => {
  assert.equal(money(4500, "EUR", "en"), "€45.00");
  assert.equal(money(4500, "JPY", "en"), "¥4,500");
});

test("totals per currency", () => {
  assert.deepEqual(totals([{ ...offers[0], quantity: 2 }, { ...offers[1], quantity: 1 }]), [{ currency: "EUR", cents: 16000 }]);
  assert.deepEqual(totals([{ ...offers[0], quantity: 0 }]), []);
});

test("the most of an offer is bounded by rule and stock", () => {
  assert.equal(mostOf(offers[0]), 4);
  assert.equal(mostOf(offers[1]), 2);
  assert.equal(mostOf({ ...offers[1], stock_left: 0 }), 0);
});

test("a good order has no complaints", () => assert.deepEqual(fields({}), []));

test("each fault is found at its field", () => {
  assert.deepEqual(fields({ lines: [] }), ["lines"]);
  assert.deepEqual(fields({ lines: [{ offer: "seated", quantity: 3 }] }), ["lines"]);
  assert.deepEqual(fields({ name: "  " }), ["name"]);
  for (const email of ["", "ines", "ines@", "ines@example", "i nes@example.org"]) assert.deepEqual(fields({ email }), ["email"]);
});
