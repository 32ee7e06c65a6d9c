import assert from "node:assert/strict";
import { test } from "node:test";
import { situationOf } from "../js/lib/situation.js";

const now = Date.parse("2026-11-21T10:30:00Z");
const board = {
  phase: "admitting",
  opens_at: "2026-11-21T09:30:00Z",
  on_sale_at: "2026-11-21T10:00:00Z",
  frontier: 100,
};
const seat = { secret: "s", token: "t", place: 200 };
const of = (over) => situationOf({ seat, board, status: null, left: false, now, ...over });
const phase = (name, over = {}) => of({ board: { ...board, phase: name }, ...over });

test("without a board there is nothing to say", () => assert.equal(of({ board: null }), "loading"));

test("without a ticket", () => {
  assert.equal(of({ seat: null }), "outside");
  assert.equal(of({ seat: { secret: "s" } }), "outside");
  assert.equal(of({ seat: null, left: true }), "left");
  assert.equal(of({ seat: null, now: Date.parse("2026-11-21T09:00:00Z") }), "not-open");
  assert.equal(phase("closed", { seat: null }), "closed");
});

test("with a ticket, from the board alone", () => {
  assert.equal(of({}), "waiting");
  assert.equal(of({ seat: { ...seat, place: 100 } }), "next");
  assert.equal(phase("paused"), "paused");
  assert.equal(phase("recovering"), "recovering");
  assert.equal(phase("bypass"), "bypass");
  assert.equal(phase("closed"), "closed");
  const drawn = { seat: { ...seat, place: null } };
  assert.equal(phase("prequeue", { ...drawn, now: Date.parse(board.on_sale_at) - 1 }), "prequeue");
  assert.equal(phase("prequeue", { ...drawn, now: Date.parse(board.on_sale_at) }), "drawing", "the countdown is over");
  assert.equal(of({ seat: { ...seat, place: null } }), "drawing");
});

test("what only the service knows", () => {
  assert.equal(of({ status: { state: "called" } }), "called");
  assert.equal(phase("paused", { status: { state: "called" } }), "called");
  assert.equal(of({ status: { state: "expired" } }), "missed");
  assert.equal(of({ status: { state: "admitted" } }), "admitted");
  assert.equal(phase("closed", { status: { state: "admitted" } }), "admitted");
  assert.equal(phase("recovering", { status: { state: "called" } }), "recovering");
});
