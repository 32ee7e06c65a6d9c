/**
 * What can be said about an order before it is sent. The server decides; this spares the fan a round trip.
 *
 * @typedef {{field: "lines"|"name"|"email", key: string, params?: Record<string, string|number>}} Complaint
 */

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]{2,}$/;

/**
 * @param {{lines: {offer: string, quantity: number}[], name: string, email: string}} order
 * @param {import("./contract.js").Offer[]} offers
 * @returns {Complaint[]}
 */
export function complaints(order, offers) {
  /** @type {Complaint[]} */
  const found = [];
  if (order.lines.length === 0) found.push({ field: "lines", key: "checkout.choose_one" });
  for (const { offer: id, quantity } of order.lines) {
    const offer = offers.find((candidate) => candidate.id === id);
    if (!offer) continue;
    const most = mostOf(offer);
    if (!Number.isInteger(quantity) || quantity > most) {
      found.push({ field: "lines", key: "checkout.too_many", params: { most, offer: offer.name } });
    }
  }
  if (order.name.trim() === "") found.push({ field: "name", key: "checkout.name_missing" });
  if (order.email.trim() === "") found.push({ field: "email", key: "checkout.email_missing" });
  else if (!EMAIL.test(order.email.trim())) found.push({ field: "email", key: "checkout.email_wrong" });
  return found;
}

/** @param {import("./contract.js").Offer} offer the most that one order can take of it now */
export function mostOf(offer) {
  return Math.max(0, Math.min(offer.max_per_order, offer.stock_left));
}
