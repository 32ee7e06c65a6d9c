-- The state machine of waiting-room-core's EventQueue on Redis data; every script begins with this file.
--
-- Words and rules are the core's (waiting-room/core/src/queue.rs and below): what is explained there is not
-- explained again here. The test `answers_as_the_core_does` drives both with the same operations.
--
-- A ticket that waits, or is called and has not come yet, costs one sorted-set entry and nothing else. All others have a
-- record in a hash.
-- Times are microseconds, the rate's permits are counted as in PermitBucket: both exact as doubles.
--
-- A script is run from the top each time, its functions made anew: so each takes only the files that it needs, and
-- what all calls have in common travels as two packed values, the rules in ARGV and the state in one field.

local STATE, WAITING, LATE, TICKETS, RECALLED, WINDOWS, ROUNDS, AT_DOOR, SESSIONS, BATCHES, GONE =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11]

local call, max, min, floor = redis.call, math.max, math.min, math.floor

local SECOND = 1000000
local PERMIT = 60 * SECOND

-- One script call handles this many expired windows or sessions at most, and calls this many of those who are late, so
-- that none blocks the store.
local AT_ONCE = 500

-- ARGV[1]: the rules as doubles (Preamble in script.rs), ARGV[2]: who asks, from ARGV[OWN] on: the script's own.
local OWN = 3

-- Each table is made in one go: one that grows field by field is copied each time it doubles.
local function rules()
  local now, on_sale_at, closes_at, opens_at, mode, rate, max_sessions, session_length,
    call_window, calls_per_ticket, tick, capacity, recovery, known_revision, known_epoch =
    struct.unpack('>ddddddddddddddd', ARGV[1])
  return {
    now = now, on_sale_at = on_sale_at, closes_at = closes_at, opens_at = opens_at, mode = mode, rate = rate,
    max_sessions = max_sessions, session_length = session_length, call_window = call_window,
    calls_per_ticket = calls_per_ticket, tick = tick, capacity = capacity, recovery = recovery,
    known_revision = known_revision, known_epoch = known_epoch,
    instance = 'seen-by-' .. ARGV[2],
  }
end

local R = rules()

local ADMIT, PAUSE, BYPASS, CLOSED = 0, 1, 2, 3

local S

-- A whole number as text. The format %d takes about half the time of %.0f.
local function whole(number)
  return string.format('%d', number)
end

-- All of the state, in the order of the fields below.
local STATE_FORMAT = '>ddddddddddddddddddddddddddc16'

local function read_state(packed)
  local epoch, revision, now, recovers_until, door_time, door_open, level, per_minute, bucket, refilled_at, frontier,
    last_arrival, joined, rejoined, called, claimed, missed, left, sessions_ended, ended_at_last_turn, last_turn,
    ended_per_second, first_batch, next_batch, open_calls, awaited, frontier_ticket = struct.unpack(STATE_FORMAT, packed)
  S = {
    epoch = epoch, revision = revision, now = now, recovers_until = recovers_until, door_time = door_time,
    door_open = door_open, level = level, per_minute = per_minute, bucket = bucket, refilled_at = refilled_at,
    frontier = frontier, last_arrival = last_arrival, joined = joined, rejoined = rejoined, called = called,
    claimed = claimed, missed = missed, left = left, sessions_ended = sessions_ended,
    ended_at_last_turn = ended_at_last_turn, last_turn = last_turn, ended_per_second = ended_per_second,
    first_batch = first_batch, next_batch = next_batch, open_calls = open_calls, awaited = awaited,
    frontier_ticket = frontier_ticket,
  }
end

local function packed_state()
  return struct.pack(STATE_FORMAT,
    S.epoch, S.revision, S.now, S.recovers_until, S.door_time, S.door_open, S.level, S.per_minute, S.bucket,
    S.refilled_at, S.frontier, S.last_arrival, S.joined, S.rejoined, S.called, S.claimed, S.missed, S.left,
    S.sessions_ended, S.ended_at_last_turn, S.last_turn, S.ended_per_second, S.first_batch, S.next_batch,
    S.open_calls, S.awaited, S.frontier_ticket)
end

local function save()
  S.revision = S.revision + 1
  call('HSET', STATE, R.instance, whole(S.revision), 'state', packed_state())
end

local function reply(...)
  return { S.revision, S.epoch, ... }
end
