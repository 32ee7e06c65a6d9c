-- Who is called, who of them comes to the door, and when.

local PRESENCE = 12 * SECOND
local SAME_AGE = SECOND / 4
local SMOOTHING_SECONDS = 10
local DOOR_RESERVE, LONGEST_LEAD, SAFETY, LEAST_SHOW_SHARE = 2, 45, 1.5, 0.05

-- Fields of a batch.
local CALLED_AT, SPAN, AT_RISK, CAME_IN_SPAN, NOT_COME = 1, 2, 3, 4, 5

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

-- To call somebody takes less than to end a session.
local CALLS_AT_ONCE = 2 * AT_ONCE

-- Those whom one turn calls together are a round: their call windows end together, and in TICKETS all who are called for
-- the first time have the same record, without a place. ROUNDS has for each round when its windows end, and each ticket
-- with its place, as the sorted set told them. Who knocks gets a record and a window, in WINDOWS, of their own, and what
-- the round says of them counts no more.

-- Calls the first `count` tickets that wait and says how many these were.
local function call_first(count)
  if count < 1 then return 0 end
  -- In two commands: ZPOPMIN takes twice as long.
  local first = call('ZRANGE', WAITING, 0, count - 1, 'WITHSCORES')
  local called = #first / 2
  if called == 0 then return 0 end
  call('ZREMRANGEBYRANK', WAITING, 0, called - 1)

  local index = S.next_batch - 1
  local batch = index >= S.first_batch and batch_at(index)
  if batch and batch[SPAN] == 0 and S.door_time - batch[CALLED_AT] < SAME_AGE then
    batch[AT_RISK] = batch[AT_RISK] + called
    batch[NOT_COME] = batch[NOT_COME] + called
  else
    index = S.next_batch
    S.next_batch = index + 1
    batch = { S.door_time, 0, called, 0, called }
  end
  put_batch(index, batch)

  local until_, round = S.door_time + R.call_window, S.next_round
  local once = cmsgpack.pack({ CALLED, 1, UNTOLD, until_, index, 0, -1, round })
  call('RPUSH', ROUNDS, struct.pack('>d', until_) .. table.concat(first, ' '))
  S.next_round = round + 1
  S.frontier = max(S.frontier, tonumber(first[2 * called]))
  S.called = S.called + called
  S.open_calls = S.open_calls + called

  local before = {}
  if call('EXISTS', RECALLED) == 1 then
    local tickets = {}
    for at = 1, called do tickets[at] = first[2 * at - 1] end
    before = call('HMGET', RECALLED, unpack(tickets))
    call('HDEL', RECALLED, unpack(tickets))
  end
  for at = 1, called do
    local calls = before[at]
    first[2 * at] = calls
      and cmsgpack.pack({ CALLED, min(tonumber(calls) + 1, 255), UNTOLD, until_, index, 0, -1, round }) or once
  end
  in_chunks('HSET', TICKETS, first)
  return called
end

-- The ticket of `record` comes to the door.
local function came(record)
  if record[CAME] == 1 then return end
  record[CAME] = 1
  local batch = batch_at(record[BATCH])
  if batch then
    batch[CAME_IN_SPAN] = batch[CAME_IN_SPAN] + 1
    batch[NOT_COME] = max(batch[NOT_COME] - 1, 0)
    put_batch(record[BATCH], batch)
  end
end

-- The ticket of `record` knocks; tells for how long it has been at the door.
local function knock(ticket, record)
  local until_ = S.door_time + max(R.call_window, PRESENCE)
  call('ZADD', WINDOWS, whole(until_), ticket)
  record[UNTIL] = until_
  locate(ticket, record)
  came(record)
  if call('ZADD', AT_DOOR, whole(S.now), ticket) == 1 then record[SINCE] = S.door_time end
  put(ticket, record)
  return S.door_time - record[SINCE]
end

-- The ticket of `record`, which is called, passed the door or left.
local function close_call(ticket, record)
  S.open_calls = S.open_calls - 1
  if record[CAME] == 0 then
    local batch = batch_at(record[BATCH])
    if batch then
      batch[NOT_COME] = max(batch[NOT_COME] - 1, 0)
      put_batch(record[BATCH], batch)
    end
  else
    call('ZREM', WINDOWS, ticket)
    call('ZREM', AT_DOOR, ticket)
  end
end
