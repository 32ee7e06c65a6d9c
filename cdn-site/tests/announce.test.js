import assert from "node:assert/strict";
import { test } from "node:test";
import { Announcer } from "../js/waiting/announce.js";

const waiting = { situation: "waiting", state: "You are in the queue", offline: false, etaSeconds: 3600, leftSeconds: null, trying: null, notices: [] };
const called = { ...waiting, situation: "called", state: "It is your turn", etaSeconds: null };
const keys = (words) => (words === null ? null : words.map(({ key }) => key));

test("an hour's wait is spoken of some ten times, and never with a number that has gone up", () => {
  const announcer = new Announcer();
  const said = [];
  for (let second = 0; second <= 3600; second += 1) {
    const { status, alert } = announcer.hear({ ...waiting, etaSeconds: 3600 - second + (second % 7) * 10 });
    assert.equal(alert, null);
    if (status) said.push(...status);
  }
  assert.ok(said.length >= 8 && said.length <= 12, JSON.stringify(said));
  const bands = said.flatMap(({ params }) => (params?.band === undefined ? [] : [params.band]));
  assert.deepEqual(bands, [...bands].sort((a, b) => b - a));
  assert.equal(said.at(-1).key, "say.nearly");
});

test("the turn is spoken of at once, and twice again before it runs out", () => {
  const announcer = new Announcer();
  announcer.hear(waiting);
  const alerts = [];
  for (let left = 120; left > 0; left -= 1) {
    const { alert } = announcer.hear({ ...called, leftSeconds: left });
    if (alert) alerts.push([left, alert[0].key]);
  }
  assert.deepEqual(alerts, [[120, "say.your_turn"], [60, "say.your_turn_still"], [20, "say.your_turn_still"]]);
});

test("a short window is not spoken of twice in one breath", () => {
  const announcer = new Announcer();
  const alerts = [];
  for (let left = 61; left > 55; left -= 1) if (announcer.hear({ ...called, leftSeconds: left }).alert) alerts.push(left);
  assert.deepEqual(alerts, [61]);
});

test("the draw is spoken of ten minutes and one minute before it", () => {
  const announcer = new Announcer();
  const said = [];
  for (let left = 3600; left > 0; left -= 1) {
    const { status } = announcer.hear({ ...waiting, situation: "prequeue", state: "You are in the draw", leftSeconds: left });
    if (status) said.push([left, status[0].key]);
  }
  assert.deepEqual(said, [[3600, "text"], [600, "say.draw_in"], [60, "say.draw_in"]]);
});

test("a lost connection is an alert, its return is not", () => {
  const announcer = new Announcer();
  announcer.hear(waiting);
  assert.deepEqual(keys(announcer.hear({ ...waiting, offline: true }).alert), ["say.offline"]);
  assert.equal(announcer.hear({ ...waiting, offline: true }).alert, null);
  const back = announcer.hear(waiting);
  assert.deepEqual([keys(back.alert), keys(back.status)], [[], ["say.online"]]);
});

test("a turn that is learned of as the connection comes back is not drowned by it", () => {
  const announcer = new Announcer();
  announcer.hear({ ...waiting, offline: true });
  const { alert, status } = announcer.hear({ ...called, leftSeconds: 50 });
  assert.deepEqual([keys(alert), keys(status)], [["say.your_turn"], ["say.online"]]);
});

test("what the organiser says is spoken once, and again when it changes", () => {
  const announcer = new Announcer();
  const heard = (text) => announcer.hear({ ...waiting, notices: [text] }).status?.map(({ params }) => params?.text) ?? [];
  assert.ok(heard("Doors at nine").includes("Doors at nine"));
  assert.deepEqual(heard("Doors at nine"), []);
  assert.deepEqual(heard("Doors at ten"), ["Doors at ten"]);
});

test("a door that is busy is spoken of once, however long it counts down", () => {
  const announcer = new Announcer();
  const said = [];
  announcer.hear({ ...called, leftSeconds: 100 });
  for (let seconds = 5; seconds > 0; seconds -= 1) {
    const trying = { reason: "door-busy", text: `The door is busy; again in ${seconds} s.` };
    said.push(...(announcer.hear({ ...called, leftSeconds: 95, trying }).status ?? []));
  }
  assert.deepEqual(said.map(({ params }) => params?.text), ["The door is busy; again in 5 s."]);
});
