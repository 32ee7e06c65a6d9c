/** What a run finds when it begins: the event, its offers, and how far the service's clock is from this machine's. */
import http from "k6/http";
import { fail, sleep } from "k6";
import { orders } from "./metrics.js";

const LOOKS = 4;

/** k6's `setup`: the world, as every fan is handed it. */
export function discover(settings) {
  const { BASE_URL, EVENT, PART, BEGAN } = settings;
  const { events } = fetched(`${BASE_URL}/v1/events`);
  const event = events.find((candidate) => EVENT === null || candidate.id === EVENT);
  if (!event) fail(`no event ${EVENT ?? ""} at ${BASE_URL}`);
  const path = `/v1/events/${event.id}`;
  const offsetMs = clockOffset(BASE_URL + path);
  const board = fetched(`${BASE_URL}${path}/board`);
  return {
    path,
    event: event.id,
    otherEvent: events.find((candidate) => candidate.id !== event.id)?.id ?? null,
    offers: event.offers.map(({ id, stock_left, max_per_order }) => ({ id, stockLeft: stock_left, max_per_order })),
    phase: board.phase,
    onSaleAt: Date.parse(board.on_sale_at),
    commitment: board.draw.commitment,
    perMinute: board.rate_per_minute,
    callWindowMs: board.call_window_seconds * 1000,
    offsetMs,
    origin: PART ? BEGAN : Math.floor((Date.now() + offsetMs) / 1000),
  };
}

/** k6's `teardown`: what is left of the stock, once the shop has stopped counting. */
export function takeStock({ BASE_URL, PART }, world) {
  if (PART) return;
  const left = () => fetched(BASE_URL + world.path).offers.map((offer) => offer.stock_left);
  let now = left();
  for (let same = 0, looks = 0; same < 3 && looks < 30; looks += 1) {
    sleep(1);
    const later = left();
    // A shop that does not answer leaves the stock out.
    same = later.join() === now.join() && !later.includes(null) ? same + 1 : 0;
    now = later;
  }
  world.offers.forEach(({ stockLeft }, n) => {
    if (stockLeft === null || now[n] === null) fail("the shop does not tell its stock");
    if (now[n] < 0) fail(`stock below zero: ${now[n]}`);
    orders.stockUnaccounted.add(now[n] - stockLeft);
  });
}

/** The service's clock less this machine's. A cache between makes an answer older, never younger. */
function clockOffset(url) {
  const offsets = Array.from({ length: LOOKS }, () => {
    const asked = Date.now();
    const { server_time: told } = fetched(url);
    return Date.parse(told) - (asked + Date.now()) / 2;
  });
  return Math.max(...offsets);
}

function fetched(url) {
  const response = http.get(url, { tags: { name: "setup" } });
  if (response.status !== 200) fail(`${url}: ${response.status} ${response.error}`);
  return response.json();
}
