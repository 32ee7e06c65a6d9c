// An on-sale, fan by fan: join, wait, come when called, order, see the order settled.
//
//   k6 run -e BASE_URL=http://127.0.0.1:8080 -e FANS=300 -e NO_SHOW=0.4 k6/on-sale.js
//
// BASE_URL  where the waiting room is             http://127.0.0.1:8080
// EVENT     the event's id                        the first one of the catalogue
// FANS      how many fans come, all at once       200
// NO_SHOW   the share that never come when called 0.4
// MAX_WAIT  how long a fan waits at most          5m
// SUMMARY   a file for the summary as JSON        none

import encoding from "k6/encoding";
import exec from "k6/execution";
import http from "k6/http";
import { check, fail, sleep } from "k6";
import { Counter, Rate, Trend } from "k6/metrics";
import { randomBytes } from "k6/crypto";

const BASE_URL = (__ENV.BASE_URL || "http://127.0.0.1:8080").replace(/\/+$/, "");
const FANS = positive("FANS", 200);
const NO_SHOW = share("NO_SHOW", 0.4);
const MAX_WAIT = __ENV.MAX_WAIT || "5m";

const lost = new Counter("fans_lost");
const overtaken = new Counter("places_that_went_back");
const admitted = new Counter("fans_admitted");
const noShows = new Counter("fans_who_did_not_come");
const confirmed = new Counter("orders_confirmed");
const refused = new Counter("orders_refused");
const unsettled = new Counter("orders_unsettled");
const answered = new Rate("answers_as_agreed");
const joinTime = new Trend("join_time", true);
const waitTime = new Trend("wait_until_admitted", true);
const doorTime = new Trend("called_until_admitted", true);
const settleTime = new Trend("order_until_settled", true);

export const options = {
  scenarios: {
    on_sale: { executor: "per-vu-iterations", vus: FANS, iterations: 1, maxDuration: MAX_WAIT },
  },
  noConnectionReuse: false,
  thresholds: {
    checks: ["rate==1"],
    answers_as_agreed: ["rate==1"],
    fans_lost: ["count==0"],
    places_that_went_back: ["count==0"],
    orders_unsettled: ["count==0"],
    fans_admitted: [`count>=${coming(FANS)}`],
    join_time: ["p(99)<1000"],
    http_req_failed: ["rate==0"],
  },
  summaryTrendStats: ["min", "med", "p(95)", "p(99)", "max"],
};

// A door that is busy or a call that is not out yet is an answer, not a failure.
http.setResponseCallback(http.expectedStatuses({ min: 200, max: 299 }, 409, 410, 425, 429));

export function setup() {
  const catalogue = http.get(`${BASE_URL}/v1/events`).json();
  const wanted = __ENV.EVENT;
  const event = catalogue.events.find((candidate) => !wanted || candidate.id === wanted);
  if (!event) fail(`no event ${wanted || ""} at ${BASE_URL}`);
  return { event: event.id, offer: event.offers[0].id };
}

export default function ({ event, offer }) {
  const queue = `${BASE_URL}/v1/events/${event}/queue`;
  const comes = !isNoShow(exec.vu.idInTest);
  const begun = Date.now();

  const seat = join(queue);
  const called = untilCalled(queue, seat);
  if (!called) return;
  if (!comes) {
    noShows.add(1);
    return;
  }
  const admission = untilAdmitted(event, called);
  if (!admission) {
    lost.add(1);
    return;
  }
  admitted.add(1);
  waitTime.add(Date.now() - begun);
  buy(admission.admission_token, offer);
}

function join(queue) {
  const secret = encoding.b64encode(randomBytes(24), "rawurl");
  const body = JSON.stringify({ secret });
  const response = http.post(queue, body, named("join", { "Content-Type": "application/json" }));
  joinTime.add(response.timings.duration);
  agreed(response, [201]);
  const again = http.post(queue, body, named("join again", { "Content-Type": "application/json" }));
  check(again, {
    "a repeated join finds the same place": (r) => r.status === 200 && r.json("place") === response.json("place"),
  });
  return response.json();
}

// Polls as the server asks until it is this fan's turn.
function untilCalled(queue, seat) {
  const fan = { token: seat.queue_token, epoch: seat.epoch, ahead: Infinity, calledAt: 0 };
  let status = seat.status;
  for (;;) {
    switch (status.state) {
      case "called":
      case "admitted":
        fan.calledAt = Date.now();
        return fan;
      case "prequeue":
      case "waiting":
        break;
      default:
        lost.add(1);
        console.error(`a fan was lost: ${JSON.stringify(status)}`);
        return null;
    }
    if (status.ahead !== null && status.epoch === fan.epoch) {
      // Interpolated between two marks, a position may be out by a little; it is not by much.
      if (status.ahead > fan.ahead * 1.04 + 2) overtaken.add(1);
      fan.ahead = Math.min(fan.ahead, status.ahead);
    }
    if (status.epoch !== fan.epoch) {
      fan.epoch = status.epoch;
      fan.ahead = Infinity;
    }
    sleep(status.poll_after_ms / 1000);
    const response = http.get(`${queue}/me`, named("me", bearer(fan.token)));
    if (!agreed(response, [200])) {
      sleep(1);
      continue;
    }
    status = response.json();
    if (status.queue_token) fan.token = status.queue_token;
    check(status, { "the place never changes": (s) => seat.place === null || s.place === seat.place });
  }
}

// Knocks until the door lets this fan in.
function untilAdmitted(event, fan) {
  for (let tries = 0; tries < 600; tries += 1) {
    const response = http.post(
      `${BASE_URL}/v1/events/${event}/admission`,
      null,
      named("admission", bearer(fan.token)),
    );
    agreed(response, [200, 425, 429]);
    if (response.status === 200) {
      doorTime.add(Date.now() - fan.calledAt);
      return response.json();
    }
    if (response.status !== 425 && response.status !== 429) return null;
    sleep(response.json("retry_after_ms") / 1000);
  }
  return null;
}

function buy(token, offer) {
  const body = JSON.stringify({
    lines: [{ offer, quantity: 1 }],
    name: `Fan ${exec.vu.idInTest}`,
    email: `fan-${exec.vu.idInTest}@example.org`,
  });
  const headers = { ...bearer(token), "Content-Type": "application/json", "Idempotency-Key": `order-${exec.vu.idInTest}` };
  const placedAt = Date.now();
  const response = http.post(`${BASE_URL}/v1/orders`, body, named("order", headers));
  if (!agreed(response, [202])) {
    unsettled.add(1);
    return;
  }
  const again = http.post(`${BASE_URL}/v1/orders`, body, named("order again", headers));
  check(again, {
    "a repeated order is the same order": (r) => r.json("order_id") === response.json("order_id"),
  });
  for (let tries = 0; tries < 120; tries += 1) {
    const order = http.get(`${BASE_URL}${response.json("status_url")}`, named("order status", bearer(token)));
    agreed(order, [200]);
    const state = order.json("state");
    if (state === "confirmed" || state === "refused") {
      (state === "confirmed" ? confirmed : refused).add(1);
      settleTime.add(Date.now() - placedAt);
      return;
    }
    sleep(0.25);
  }
  unsettled.add(1);
}

function agreed(response, statuses) {
  const fits = statuses.includes(response.status);
  answered.add(fits);
  if (!fits) console.error(`${response.request.method} ${response.url}: ${response.status} ${response.body}`);
  return fits;
}

function named(name, headers) {
  return { headers, tags: { name } };
}

function bearer(token) {
  return { Authorization: `Bearer ${token}` };
}

// Of each hundred fans the same ones stay away, so that a run can be repeated.
function isNoShow(number) {
  return (number * 37) % 100 < NO_SHOW * 100;
}

function coming(fans) {
  let count = 0;
  for (let number = 1; number <= fans; number += 1) if (!isNoShow(number)) count += 1;
  return count;
}

function positive(name, fallback) {
  const value = Number(__ENV[name] || fallback);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${name} must be a whole number from 1`);
  return value;
}

function share(name, fallback) {
  const value = Number(__ENV[name] || fallback);
  if (!(value >= 0 && value <= 1)) throw new Error(`${name} must be from 0 to 1`);
  return value;
}

export function handleSummary(data) {
  const count = (name) => (data.metrics[name] ? data.metrics[name].values.count || 0 : 0);
  const trend = (name, stat) => (data.metrics[name] ? Math.round(data.metrics[name].values[stat]) : 0);
  const failed = Object.entries(data.metrics)
    .filter(([, metric]) => Object.values(metric.thresholds || {}).some((threshold) => !threshold.ok))
    .map(([name]) => name);
  const lines = [
    "",
    `  fans      ${FANS} came, ${count("fans_admitted")} admitted, ${count("fans_who_did_not_come")} did not come, ${count("fans_lost")} lost`,
    `  orders    ${count("orders_confirmed")} confirmed, ${count("orders_refused")} refused, ${count("orders_unsettled")} unsettled`,
    `  join      ${trend("join_time", "med")} ms median, ${trend("join_time", "p(99)")} ms p99`,
    `  wait      ${trend("wait_until_admitted", "med")} ms median, ${trend("wait_until_admitted", "max")} ms longest`,
    `  door      ${trend("called_until_admitted", "med")} ms median, ${trend("called_until_admitted", "p(99)")} ms p99`,
    `  settled   ${trend("order_until_settled", "med")} ms median, ${trend("order_until_settled", "p(99)")} ms p99`,
    `  requests  ${count("http_reqs")}, ${data.metrics.checks ? data.metrics.checks.values.passes : 0} checks passed`,
    failed.length ? `  FAILED    ${failed.join(", ")}` : "  all thresholds hold",
    "",
    "",
  ];
  const outputs = { stdout: lines.join("\n") };
  if (__ENV.SUMMARY) outputs[__ENV.SUMMARY] = JSON.stringify(data, null, 2);
  return outputs;
}
