-- Time, and what passes with it.

-- A clock that is behind by more than this is another machine's: waiting for it would close the door.
local OTHER_CLOCK = 2 * SECOND

local LONGEST_GAP_TICKS = 5

local function store_time()
  if R.now >= 0 then return R.now end
  local time = call('TIME')
  return tonumber(time[1]) * SECOND + tonumber(time[2])
end

local function adopt_rate()
  S.per_minute = R.rate
  S.bucket = max(R.rate * min(R.tick, PERMIT), PERMIT)
  S.level = min(S.level, S.bucket)
end

local function begin(now)
  call('DEL', WAITING, LATE, TICKETS, RECALLED, WINDOWS, ROUNDS, AT_DOOR, SESSIONS, BATCHES, GONE)
  S = {
    -- No memory has to survive for a new epoch to be a higher one: it counts the seconds.
    epoch = max(R.known_epoch + 1, floor(now / SECOND)), revision = R.known_revision, now = now,
    -- Before the event opens there is nothing to come back.
    recovers_until = (R.known_epoch > 0 or now > R.opens_at) and now + R.recovery or now,
    door_time = 0, door_open = 0, level = 0, per_minute = 0, bucket = 0, refilled_at = now, frontier = 0, last_arrival = 0,
    joined = 0, rejoined = 0, called = 0, claimed = 0, missed = 0, left = 0, sessions_ended = 0,
    ended_at_last_turn = 0, last_turn = -1, ended_per_second = 0, first_batch = 0, next_batch = 0,
    open_calls = 0, awaited = 0, frontier_ticket = ('\0'):rep(TICKET_BYTES),
  }
  adopt_rate()
end

-- A replica took over without the last writes: what they gave is unknown, so nothing is given until the fans
-- have put back what is missing.
local function reopen(now)
  S.epoch = max(S.epoch, R.known_epoch, floor(now / SECOND) - 1) + 1
  S.revision = max(S.revision, R.known_revision)
  S.recovers_until = now + R.recovery
  S.level, S.refilled_at, S.door_open = 0, now, 0
end

local function load()
  local now = store_time()
  local values = call('HMGET', STATE, 'state', R.instance)
  if not values[1] then
    begin(now)
    return now
  end
  read_state(values[1])
  local seen = tonumber(values[2] or 0)
  if R.known_epoch > S.epoch or (R.known_epoch == S.epoch and seen < R.known_revision) then
    reopen(now)
  end
  return now
end

local function phase_now()
  if (R.closes_at > 0 and S.now >= R.closes_at) or R.mode == CLOSED then return 'closed' end
  if S.now < R.on_sale_at then return 'prequeue' end
  if R.mode == BYPASS then return 'bypass' end
  if S.now < S.recovers_until then return 'recovering' end
  if R.mode == PAUSE then return 'paused' end
  return 'admitting'
end

local function refill()
  local elapsed = min(max(S.now - S.refilled_at, 0), PERMIT)
  S.level = min(S.level + elapsed * S.per_minute, S.bucket)
  S.refilled_at = max(S.refilled_at, S.now)
  adopt_rate()
end

local function end_sessions(tickets)
  for _, ticket in ipairs(tickets) do
    local packed = call('HGET', TICKETS, ticket)
    if packed then set_stage(ticket, cmsgpack.unpack(packed), ENDED) end
    S.sessions_ended = S.sessions_ended + 1
  end
  if #tickets > 0 then call('ZREM', SESSIONS, unpack(tickets)) end
end

-- Lets the time pass since the last change. Gives the phase, and how many sessions expired.
local function advance()
  local now = load()
  if now < S.now - OTHER_CLOCK then S.now, S.refilled_at = now, now end
  local elapsed = max(now - S.now, 0)
  S.now = max(S.now, now)
  local phase = phase_now()
  local open = phase == 'admitting' and 1 or 0
  if S.door_open == 1 and open == 1 then
    S.door_time = S.door_time + (elapsed > R.tick * LONGEST_GAP_TICKS and R.tick or elapsed)
  end
  S.door_open = open
  refill()
  local over = call('ZRANGEBYSCORE', SESSIONS, '-inf', whole(S.now), 'LIMIT', 0, AT_ONCE)
  end_sessions(over)
  return phase, #over
end
