import assert from "node:assert/strict";
import { test } from "node:test";
import { predictionFor } from "../js/console/prediction.js";
import { author, deed, joinNewest } from "../js/lib/audit.js";
import { confirmedPerMinute, niceCeiling, pastHour, pointOfFigures, pointOfHistory, stretches, withGaps } from "../js/lib/history.js";
import { predict } from "../js/lib/predict.js";

const now = { rate: 600, waiting: 6000, joinsPerMinute: 0, noShowShare: 0, sessions: 10, maxSessions: 100 };

test("the queue empties at the rate", () => {
  assert.deepEqual(predict(now), { lastServedSeconds: 600, emptySeconds: 600, growthPerMinute: -600, limitedBySessions: false });
});

test("those who never come make it faster, those who join slower", () => {
  assert.equal(Math.round(predict({ ...now, noShowShare: 0.4 }).emptySeconds), 360);
  assert.equal(predict({ ...now, joinsPerMinute: 300 }).emptySeconds, 1200);
  assert.equal(predict({ ...now, joinsPerMinute: 300 }).lastServedSeconds, 600);
});

test("a rate below the arrivals never empties it", () => {
  const prediction = predict({ ...now, joinsPerMinute: 900 });
  assert.equal(prediction.emptySeconds, null);
  assert.equal(prediction.growthPerMinute, 300);
});

test("the sessions limit is named when it binds", () => assert.equal(predict({ ...now, sessions: 100 }).limitedBySessions, true));

const figures = {
  at: new Date(2026, 10, 21, 20, 31).toISOString(),
  phase: "admitting",
  waiting: 9000,
  rate_per_minute: 600,
  joins_per_minute: 0,
  no_show_share: 0,
  sessions: 10,
  max_active_sessions: 2000,
};

test("a rate's effect is told beside that of the rate in force", () => {
  assert.equal(predictionFor(900, figures), "At 900/min the queue empties at 20:41, in 10 minutes. At 600/min, as now, at 20:46.");
  assert.equal(predictionFor(600, figures), "At 600/min the queue empties at 20:46, in 15 minutes.");
  assert.match(predictionFor(600, { ...figures, joins_per_minute: 700 }), /^At 600\/min the queue never empties: it grows by 100 a minute\.$/);
  assert.match(predictionFor(900, { ...figures, joins_per_minute: 700 }), /At 600\/min, as now, it never empties\.$/);
  assert.match(predictionFor(600, { ...figures, waiting: 0 }), /nobody has to wait/);
  assert.match(predictionFor(900, { ...figures, sessions: 2000 }), /sessions limit of 2,000 is reached/);
  assert.match(predictionFor(900, { ...figures, phase: "paused" }), /from the moment the door opens again/);
  assert.match(predictionFor(900, { ...figures, phase: "recovering" }), /from the moment the queue has re-formed/);
});

test("what is no rate predicts nothing", () => {
  for (const value of [0, -5, Number.NaN]) assert.equal(predictionFor(value, figures), "");
});

/** @param {number} at @param {object} [more] */
const point = (at, more = {}) => ({ at, phase: "admitting", orders_confirmed: at / 1000, stock_left: {}, ...more });

test("a point from the server's history and one from the figures are the same", () => {
  const seen = { waiting: 3, claims_per_minute: 590, phase: "admitting" };
  const at = "2026-11-21T20:31:05Z";
  const ofFigures = pointOfFigures({ ...seen, at, orders: { confirmed: 7, pending: 1 }, offers: [{ id: "standing", stock_left: 12 }] });
  const ofHistory = pointOfHistory({ ...seen, at, orders_confirmed: 7, orders_pending: 1, stock_left: { standing: 12 } });
  for (const [key, value] of Object.entries(ofHistory)) assert.deepEqual(ofFigures[key], value, key);
});

test("the past keeps an hour, a point every five seconds", () => {
  const past = pastHour();
  for (let at = 0; at <= 3_700_000; at += 1000) past.add(point(at));
  const points = past.since(0);
  assert.equal(points.at(-1).at, 3_700_000);
  assert.ok(points[0].at >= 100_000 && points[0].at < 110_000);
  assert.ok(points.length <= 722);
});

test("the server's history goes under what this browser saw, in order of time", () => {
  const past = pastHour();
  past.add(point(20_000, { waiting: 1 }));
  past.fill([point(5_000), point(20_500, { waiting: 2 }), point(30_000)]);
  assert.deepEqual(past.since(0).map(({ at, waiting }) => [at, waiting]), [[5_000, undefined], [20_000, 1], [30_000, undefined]]);
});

test("what nobody saw is a gap", () => {
  const { times, rows } = withGaps([point(0), point(5_000), point(60_000)]);
  assert.deepEqual(times, [0, 5_000, 10_000, 60_000]);
  assert.deepEqual(rows.map((row) => row === null), [false, false, true, false]);
  assert.equal(withGaps([point(0), point(14_000)]).rows.includes(null), false);
});

test("orders a minute are counted over the minute before, and never over a gap or a new count", () => {
  const rows = Array.from({ length: 30 }, (_, n) => point(n * 5_000));
  const counted = confirmedPerMinute(rows);
  assert.equal(counted[3], null, "too little is known");
  assert.equal(counted[29], 60);
  rows[25] = null;
  assert.equal(confirmedPerMinute(rows)[27], null);
  rows[25] = point(125_000, { orders_confirmed: 0 });
  assert.equal(confirmedPerMinute(rows)[25], null);
});

test("a stretch without admitting lasts until the next point, and no longer than what was seen", () => {
  const paused = { phase: "paused" };
  const rows = [point(0), point(5, paused), point(10, paused), point(15), point(20, paused), null, point(90, { phase: "closed" })];
  assert.deepEqual(stretches(rows), [
    { phase: "paused", from: 5, to: 15 },
    { phase: "paused", from: 20, to: 20 },
    { phase: "closed", from: 90, to: 90 },
  ]);
});

test("axes end on round numbers", () => {
  assert.deepEqual([0, 3, 7, 11, 199, 201, 980, 4200].map(niceCeiling), [4, 4, 8, 15, 200, 300, 1000, 5000]);
});

const entry = { id: "1", at: "2026-11-21T20:31:05Z", who: "Ana", role: "operator", via: "console", action: "setting-changed", detail: {} };

test("the audit log tells what, who and by which way", () => {
  assert.deepEqual(deed({ ...entry, detail: { setting: "admission-rate-per-minute", from: "600", to: "900" } }), { what: "Rate", from: "600", to: "900" });
  assert.deepEqual(deed({ ...entry, detail: { setting: "message", from: "Soon", to: "" } }), { what: "Message", from: "Soon", to: "none" });
  assert.equal(deed({ ...entry, action: "dead-letters-redriven", detail: { redriven: 1 } }).what, "One dead letter sent again");
  const unread = { setting: "settings-file", value: "", reason: "unclosed table" };
  assert.equal(deed({ ...entry, action: "setting-refused", detail: unread }).what, "The settings file refused, unclosed table");
  const guesses = { address: "203.0.113.7", attempts: 12 };
  assert.equal(deed({ ...entry, action: "sign-in-refused", detail: guesses }).what, "12 sign-ins refused, the last from 203.0.113.7");
  assert.equal(deed({ ...entry, action: "something-new" }).what, "something new");
  assert.deepEqual(author(entry), { name: "Ana", way: "operator, console" });
  assert.deepEqual(author({ ...entry, who: null }), { name: "Operator", way: "console" });
  assert.deepEqual(author({ ...entry, who: null, role: null, via: "settings-file" }), { name: "Outside the console", way: "settings file" });
});

test("new entries join the known ones, and a hole between them is never hidden", () => {
  const [a, b, c, d] = ["a", "b", "c", "d"].map((id) => ({ ...entry, id }));
  assert.deepEqual(joinNewest([c, d], [a, b, c]), { entries: [a, b, c, d], joined: true });
  assert.deepEqual(joinNewest([c, d], [a, b]), { entries: [a, b], joined: false });
  assert.deepEqual(joinNewest([], [a]), { entries: [a], joined: false });
});
