-- The state machine of waiting-room-core's EventQueue on Redis data; every script begins with it.
--
-- Words and rules are the core's (waiting-room/core/src/queue.rs and below): what is explained there is not
-- explained again here. `same_answers` in tests/redis drives both with the same operations.
--
-- A ticket that waits costs one sorted-set entry and nothing else. All others have a record in a hash.
-- Times are microseconds, the rate's permits are counted as in PermitBucket: both exact as doubles.

local STATE, WAITING, TICKETS, RECALLED, WINDOWS, AT_DOOR, SESSIONS, BATCHES, GONE =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9]

local SECOND = 1000000
local PERMIT = 60 * SECOND
local PRESENCE = 12 * SECOND
local SAME_AGE = SECOND / 4
local HOLD = SECOND / 2
local RETRY_LEAST, RETRY_MOST, RETRY_SHUT = 300000, 3 * SECOND, 4 * SECOND
local DOOR_RESERVE, LONGEST_LEAD, SAFETY, LEAST_SHOW_SHARE = 2, 45, 1.5, 0.05
local LONGEST_GAP_TICKS = 5
local SMOOTHING_SECONDS = 10

-- One script call handles this many expired windows, sessions or calls at most, so that none blocks the store.
local AT_ONCE = 500

-- A clock that is behind by more than this is another machine's: waiting for it would close the door.
local OTHER_CLOCK = 2 * SECOND

local WAITS, CALLED, ADMITTED, MISSED, LEFT, ENDED = 0, 1, 2, 3, 4, 5

-- Fields of a record: stage, calls and place of all; then those of one stage.
local STAGE, CALLS, PLACE = 1, 2, 3
local UNTIL, BATCH, CAME, SINCE = 4, 5, 6, 7
local SESSION, ADMITTED_AT, EXPIRES_AT = 4, 5, 6

-- Fields of a batch.
local CALLED_AT, SPAN, AT_RISK, CAME_IN_SPAN, NOT_COME = 1, 2, 3, 4, 5

local call, max, min, floor = redis.call, math.max, math.min, math.floor

local R = {
  on_sale_at = tonumber(ARGV[2]), closes_at = tonumber(ARGV[3]), mode = ARGV[4],
  rate = tonumber(ARGV[5]), max_sessions = tonumber(ARGV[6]),
  session_length = tonumber(ARGV[7]), call_window = tonumber(ARGV[8]),
  calls_per_ticket = tonumber(ARGV[9]), tick = tonumber(ARGV[10]), capacity = tonumber(ARGV[11]),
  recovery = tonumber(ARGV[12]), instance = 'seen-by-' .. ARGV[13],
  known_revision = tonumber(ARGV[14]), known_epoch = tonumber(ARGV[15]), opens_at = tonumber(ARGV[16]),
}
local OWN = 17

local FIELDS = {
  'epoch', 'revision', 'now', 'recovers_until', 'door_time', 'door_open',
  'level', 'per_minute', 'bucket', 'refilled_at', 'frontier', 'last_arrival',
  'joined', 'rejoined', 'called', 'claimed', 'missed', 'left', 'sessions_ended',
  'ended_at_last_turn', 'last_turn', 'ended_per_second', 'first_batch', 'next_batch',
}

local S, loaded = {}, {}

local function text(number)
  if number == floor(number) then return string.format('%.0f', number) end
  return string.format('%.17g', number)
end

local function store_time()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local time = call('TIME')
  return tonumber(time[1]) * SECOND + tonumber(time[2])
end

local function adopt_rate()
  S.per_minute = R.rate
  S.bucket = max(R.rate * min(R.tick, PERMIT), PERMIT)
  S.level = min(S.level, S.bucket)
end

local function begin(now)
  call('DEL', WAITING, TICKETS, RECALLED, WINDOWS, AT_DOOR, SESSIONS, BATCHES, GONE)
  for _, field in ipairs(FIELDS) do S[field] = 0 end
  -- No memory has to survive for a new epoch to be a higher one: it counts the seconds.
  S.epoch = max(R.known_epoch + 1, floor(now / SECOND))
  S.now, S.refilled_at, S.last_turn = now, now, -1
  -- Before the event opens there is nothing to come back.
  S.recovers_until = (R.known_epoch > 0 or now > R.opens_at) and now + R.recovery or now
  S.revision = R.known_revision
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
  local fields = {}
  for index, field in ipairs(FIELDS) do fields[index] = field end
  fields[#fields + 1] = R.instance
  local values = call('HMGET', STATE, unpack(fields))
  if not values[1] then
    begin(now)
    return now
  end
  for index, field in ipairs(FIELDS) do
    loaded[field] = values[index]
    S[field] = tonumber(values[index] or 0)
  end
  local seen = tonumber(values[#fields] or 0)
  if R.known_epoch > S.epoch or (R.known_epoch == S.epoch and seen < R.known_revision) then
    reopen(now)
  end
  return now
end

local function save()
  S.revision = S.revision + 1
  local changes = { R.instance, text(S.revision) }
  for _, field in ipairs(FIELDS) do
    local value = text(S[field])
    if value ~= loaded[field] then
      changes[#changes + 1] = field
      changes[#changes + 1] = value
    end
  end
  call('HSET', STATE, unpack(changes))
end

local function in_chunks(command, key, arguments)
  for from = 1, #arguments, AT_ONCE do
    call(command, key, unpack(arguments, from, min(from + AT_ONCE - 1, #arguments)))
  end
end

-- Records -------------------------------------------------------------------------------------------------

local function put(ticket, record)
  call('HSET', TICKETS, ticket, cmsgpack.pack(record))
end

-- The record of a ticket; one that waits has none in the hash.
local function record_of(ticket)
  local place = call('ZSCORE', WAITING, ticket)
  if place then
    return { WAITS, tonumber(call('HGET', RECALLED, ticket) or 0), tonumber(place) }
  end
  local packed = call('HGET', TICKETS, ticket)
  return packed and cmsgpack.unpack(packed)
end

local function set_stage(ticket, record, stage)
  put(ticket, { stage, record[CALLS], record[PLACE] })
  if stage == LEFT or stage == ENDED then call('RPUSH', GONE, ticket) end
end

local function held()
  -- A ticket that waits after a missed call is in RECALLED too, but in TICKETS no more.
  return call('ZCARD', WAITING) + call('HLEN', TICKETS)
end

local function present()
  return held() - call('LLEN', GONE)
end

local function has_room_for_returner()
  return present() < R.capacity * 2
end

local function make_room()
  if held() >= R.capacity then
    local oldest = call('LPOP', GONE)
    if oldest then call('HDEL', TICKETS, oldest) end
  end
end

local FIRST_ARRIVAL = 2 ^ 50

local function is_arrival(place)
  return place >= FIRST_ARRIVAL
end

local function seat(ticket, place)
  make_room()
  call('ZADD', WAITING, text(place), ticket)
  if is_arrival(place) then S.last_arrival = max(S.last_arrival, place) end
  return { WAITS, 0, place }
end

-- What a script answers of a ticket: its stage, and what belongs to it.
local function standing(record)
  local stage = record[STAGE]
  if stage == CALLED then
    return { CALLED, S.now + max(record[UNTIL] - S.door_time, 0) }
  elseif stage == ADMITTED then
    return { ADMITTED, record[SESSION], record[ADMITTED_AT], record[EXPIRES_AT] }
  elseif stage == MISSED then
    return { MISSED, record[CALLS] < R.calls_per_ticket and 1 or 0 }
  end
  return { stage }
end

-- Time ----------------------------------------------------------------------------------------------------

local function phase_now()
  if (R.closes_at > 0 and S.now >= R.closes_at) or R.mode == 'closed' then return 'closed' end
  if S.now < R.on_sale_at then return 'prequeue' end
  if R.mode == 'bypass' then return 'bypass' end
  if S.now < S.recovers_until then return 'recovering' end
  if R.mode == 'pause' then return 'paused' end
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
  end_sessions(call('ZRANGEBYSCORE', SESSIONS, '-inf', text(S.now), 'LIMIT', 0, AT_ONCE))
  return phase
end

-- Who comes to the door -----------------------------------------------------------------------------------

local SPAN_BEGINS = { 0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128 }
local SPANS = #SPAN_BEGINS
local PRIOR = { 0.12, 0.20, 0.20, 0.14, 0.10, 0.04, 0.02, 0.01, 0.01, 0.005, 0.005, 0.005, 0.005, 0.0, 0.0 }
local PRIOR_CALLS, MEMORY = 12, 1200

-- at_risk and came of each span, one after the other.
local curve

local function load_curve()
  if curve then return end
  local packed = call('HGET', STATE, 'curve')
  if packed then
    curve = cmsgpack.unpack(packed)
    return
  end
  curve = {}
  for span = 1, SPANS do
    curve[2 * span - 1], curve[2 * span] = PRIOR_CALLS, PRIOR[span] * PRIOR_CALLS
  end
end

local function save_curve()
  call('HSET', STATE, 'curve', cmsgpack.pack(curve))
end

local function observe(span, at_risk, came)
  local index = 2 * span + 1
  if span >= SPANS then return end
  curve[index] = curve[index] + at_risk
  curve[index + 1] = curve[index + 1] + min(came, at_risk)
  if curve[index] > MEMORY then
    curve[index], curve[index + 1] = curve[index] / 2, curve[index + 1] / 2
  end
end

local function span_of(age)
  local span = 0
  for index = 2, SPANS do
    if SPAN_BEGINS[index] * SECOND > age then break end
    span = index - 1
  end
  return span
end

local function still_comes(span)
  local stays_away = 1
  for index = span, SPANS - 1 do
    stays_away = stays_away * (1 - curve[2 * index + 2] / curve[2 * index + 1])
  end
  return 1 - stays_away
end

-- Seconds, as a whole number of nanoseconds.
local function mean_delay()
  local not_yet, weighted = 1, 0
  for index = 1, SPANS do
    local begins = SPAN_BEGINS[index]
    local ends = SPAN_BEGINS[index + 1] or begins * 1.5
    local comes_now = not_yet * (curve[2 * index] / curve[2 * index - 1])
    weighted = weighted + comes_now * (begins + ends) / 2
    not_yet = not_yet - comes_now
  end
  local comes = 1 - not_yet
  if comes <= 0 then return 0 end
  return floor(weighted / comes * 1e9 + 0.5) / 1e9
end

local function batch_at(index)
  if index < S.first_batch then return nil end
  local packed = call('HGET', BATCHES, index)
  return packed and cmsgpack.unpack(packed)
end

local function put_batch(index, batch)
  call('HSET', BATCHES, index, cmsgpack.pack(batch))
end

local function all_batches()
  local batches = {}
  if S.next_batch == S.first_batch then return batches end
  local pairs_of = call('HGETALL', BATCHES)
  for at = 1, #pairs_of, 2 do
    batches[tonumber(pairs_of[at])] = cmsgpack.unpack(pairs_of[at + 1])
  end
  return batches
end

local function expected(batches)
  local chances, sum = {}, call('ZCARD', AT_DOOR)
  for index = S.first_batch, S.next_batch - 1 do
    local batch = batches[index]
    if batch then
      local span = batch[SPAN]
      chances[span] = chances[span] or still_comes(span)
      sum = sum + batch[NOT_COME] * chances[span]
    end
  end
  return sum
end

local function free_sessions()
  return max(R.max_sessions - call('ZCARD', SESSIONS), 0)
end

-- Calls the first `count` tickets that wait and says how many these were.
local function call_first(count)
  if count < 1 then return 0 end
  local popped = call('ZPOPMIN', WAITING, count)
  local tickets = {}
  for at = 1, #popped, 2 do tickets[#tickets + 1] = popped[at] end
  if #tickets == 0 then return 0 end

  local index = S.next_batch - 1
  local batch = index >= S.first_batch and batch_at(index)
  if batch and batch[SPAN] == 0 and S.door_time - batch[CALLED_AT] < SAME_AGE then
    batch[AT_RISK] = batch[AT_RISK] + #tickets
    batch[NOT_COME] = batch[NOT_COME] + #tickets
  else
    index = S.next_batch
    S.next_batch = index + 1
    batch = { S.door_time, 0, #tickets, 0, #tickets }
  end
  put_batch(index, batch)

  local calls_before = {}
  if call('EXISTS', RECALLED) == 1 then
    calls_before = call('HMGET', RECALLED, unpack(tickets))
    call('HDEL', RECALLED, unpack(tickets))
  end
  local until_ = S.door_time + R.call_window
  local until_text = text(until_)
  local records, windows = {}, {}
  for at, ticket in ipairs(tickets) do
    local place = tonumber(popped[2 * at])
    local calls = tonumber(calls_before[at] or 0)
    local record = { CALLED, min(calls + 1, 255), place, until_, index, 0, -1 }
    records[2 * at - 1], records[2 * at] = ticket, cmsgpack.pack(record)
    windows[2 * at - 1], windows[2 * at] = until_text, ticket
    S.frontier = max(S.frontier, place)
  end
  in_chunks('HSET', TICKETS, records)
  in_chunks('ZADD', WINDOWS, windows)
  S.called = S.called + #tickets
  return #tickets
end

-- The ticket of `record` knocks; tells for how long it has been at the door.
local function knock(ticket, record)
  local until_ = S.door_time + max(R.call_window, PRESENCE)
  call('ZADD', WINDOWS, text(until_), ticket)
  record[UNTIL] = until_
  if record[CAME] == 0 then
    record[CAME] = 1
    local batch = batch_at(record[BATCH])
    if batch then
      batch[CAME_IN_SPAN] = batch[CAME_IN_SPAN] + 1
      batch[NOT_COME] = max(batch[NOT_COME] - 1, 0)
      put_batch(record[BATCH], batch)
    end
  end
  if call('ZADD', AT_DOOR, text(S.now), ticket) == 1 then record[SINCE] = S.door_time end
  put(ticket, record)
  return S.door_time - record[SINCE]
end

-- The ticket of `record`, which is called, passed the door, left, or came too late.
local function close_call(ticket, record)
  if record[CAME] == 0 then
    local batch = batch_at(record[BATCH])
    if batch then
      batch[NOT_COME] = max(batch[NOT_COME] - 1, 0)
      put_batch(record[BATCH], batch)
    end
  end
  call('ZREM', WINDOWS, ticket)
  call('ZREM', AT_DOOR, ticket)
end

local function reply(...)
  return { S.revision, S.epoch, ... }
end
