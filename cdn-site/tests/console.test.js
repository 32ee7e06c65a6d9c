import assert from "node:assert/strict";
import { test } from "node:test";
import { history, niceCeiling } from "../js/lib/history.js";
import { predict } from "../js/lib/predict.js";
import { sseParser } from "../js/lib/sse.js";

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

test("history keeps its span and thins what comes too often", () => {
  const past = history(10_000, 2000);
  for (let at = 0; at <= 30_000; at += 500) past.add({ at, waiting: at });
  assert.ok(past.points.length <= 7);
  assert.equal(past.points.at(-1).at, 30_000);
  assert.ok(past.points[0].at >= 20_000);
});

test("axes end on round numbers", () => {
  assert.deepEqual([0, 3, 7, 11, 199, 201, 980, 4200].map(niceCeiling), [4, 4, 8, 15, 200, 300, 1000, 5000]);
});

test("events are read whole, however the pieces fall", () => {
  const text = ': hello\n\nevent: figures\ndata: {"a":1}\n\nevent: figures\r\ndata: {"b":\r\ndata: 2}\r\n\r\ndata: last\n\n';
  const expected = [
    { event: "figures", data: '{"a":1}' },
    { event: "figures", data: '{"b":\n2}' },
    { event: "message", data: "last" },
  ];
  for (const size of [1, 2, 3, 7, 1000]) {
    const found = [];
    const parse = sseParser((event) => found.push(event));
    for (let i = 0; i < text.length; i += size) parse(text.slice(i, i + size));
    assert.deepEqual(found, expected, `pieces of ${size}`);
  }
});
