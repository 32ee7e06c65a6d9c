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

-- Adds `called`, who are called now, to a batch; gives its index.
local function add_to_batch(called)
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
  return index
end

-- Those who are late stand before all others. Each gets a record and a window of its own.
local function call_late(late, batch, until_)
  local tickets, records, windows = {}, {}, {}
  for at = 1, #late / 2 do
    tickets[at] = late[2 * at - 1]
    windows[2 * at - 1], windows[2 * at] = whole(until_), tickets[at]
  end
  local before = call('HMGET', RECALLED, unpack(tickets))
  for at, ticket in ipairs(tickets) do
    local calls = min(tonumber(before[at] or 0) + 1, 255)
    records[2 * at - 1] = ticket
    records[2 * at] = cmsgpack.pack({ CALLED, calls, tonumber(late[2 * at]), until_, batch, 0, -1 })
  end
  call('ZREMRANGEBYRANK', LATE, 0, #tickets - 1)
  call('HDEL', RECALLED, unpack(tickets))
  in_chunks('HSET', TICKETS, records)
  in_chunks('ZADD', WINDOWS, windows)
end

-- Calls the first `count` tickets that wait, of those who are late at most AT_ONCE, and says how many these were.
local function call_first(count)
  if count < 1 then return 0 end
  local late = call('ZCARD', LATE) > 0 and call('ZRANGE', LATE, 0, min(count, AT_ONCE) - 1, 'WITHSCORES') or {}
  local of_late = #late / 2
  local behind = of_late < AT_ONCE and min(count - of_late, call('ZCARD', WAITING) - S.awaited) or 0
  local called = of_late + behind
  if called == 0 then return 0 end
  local batch, until_ = add_to_batch(called), S.door_time + R.call_window
  if of_late > 0 then call_late(late, batch, until_) end
  if behind > 0 then
    S.awaited = S.awaited + behind
    local last = call('ZRANGE', WAITING, whole(S.awaited - 1), whole(S.awaited - 1), 'WITHSCORES')
    S.frontier, S.frontier_ticket = tonumber(last[2]), last[1]
    put_round(until_, batch, S.frontier, S.frontier_ticket)
  end
  S.called = S.called + called
  S.open_calls = S.open_calls + called
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

-- Takes the ticket of `record`, which is called, out of where its call stands.
local function end_call(ticket, record)
  S.open_calls = S.open_calls - 1
  if record.awaited then
    no_longer_awaited(ticket, record)
  else
    call('ZREM', WINDOWS, ticket)
    if record[CAME] == 1 then call('ZREM', AT_DOOR, ticket) end
  end
end

-- The ticket of `record` knocks; tells for how long it has been at the door.
local function knock(ticket, record)
  if record.awaited then no_longer_awaited(ticket, record) end
  local until_ = S.door_time + max(R.call_window, PRESENCE)
  call('ZADD', WINDOWS, whole(until_), ticket)
  record[UNTIL] = until_
  came(record)
  if call('ZADD', AT_DOOR, whole(S.now), ticket) == 1 then record[SINCE] = S.door_time end
  put(ticket, record)
  return S.door_time - record[SINCE]
end

-- The ticket of `record`, which is called, will not come any more.
local function give_up_call(ticket, record)
  end_call(ticket, record)
  if record[CAME] == 1 then return end
  local batch = batch_at(record[BATCH])
  if batch then
    batch[NOT_COME] = max(batch[NOT_COME] - 1, 0)
    put_batch(record[BATCH], batch)
  end
end
