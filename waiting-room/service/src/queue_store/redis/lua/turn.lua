-- Answers tickets called, call windows missed, sessions expired, and 1 when there is more to do at once.

local phase, expired = advance()
load_curve()

call('ZREMRANGEBYSCORE', AT_DOOR, '-inf', '(' .. whole(S.now - PRESENCE))
local batches = all_batches()
local changed = {}

local missed = 0

local function put_missed(tickets_and_records)
  if #tickets_and_records == 0 then return end
  in_chunks('HSET', TICKETS, tickets_and_records)
  local count = #tickets_and_records / 2
  missed, S.missed, S.open_calls = missed + count, S.missed + count, S.open_calls - count
end

local function one_less_to_come(index)
  local batch = batches[index]
  if batch then
    batch[NOT_COME] = max(batch[NOT_COME] - 1, 0)
    changed[index] = batch
  end
end

-- Those who knocked, and not lately.
local function miss_windows()
  local tickets = call('ZRANGEBYSCORE', WINDOWS, '-inf', whole(S.door_time), 'LIMIT', 0, AT_ONCE)
  if #tickets == 0 then return 0 end
  local records = {}
  for at, packed in ipairs(call('HMGET', TICKETS, unpack(tickets))) do
    local record = cmsgpack.unpack(packed)
    records[2 * at - 1], records[2 * at] = tickets[at], cmsgpack.pack({ MISSED, record[CALLS], record[PLACE] })
  end
  put_missed(records)
  call('ZREM', WINDOWS, unpack(tickets))
  call('ZREM', AT_DOOR, unpack(tickets))
  return #tickets
end

-- Those of a round who never knocked: their records are as the round made them.
local function miss_round(number, round)
  local tickets, places, records = {}, {}, {}
  local from = ROUND_BEGINS
  while from <= #round do
    local place_from = from + TICKET_BYTES + 1
    local ends = round:find(' ', place_from, true) or #round + 1
    tickets[#tickets + 1] = round:sub(from, from + TICKET_BYTES - 1)
    places[#places + 1] = round:sub(place_from, ends - 1)
    from = ends + 1
  end
  for at, packed in ipairs(call('HMGET', TICKETS, unpack(tickets))) do
    local record = packed and cmsgpack.unpack(packed)
    if record and record[STAGE] == CALLED and record[CAME] == 0 and record[ROUND] == number then
      one_less_to_come(record[BATCH])
      records[#records + 1] = tickets[at]
      records[#records + 1] = cmsgpack.pack({ MISSED, record[CALLS], tonumber(places[at]) })
    end
  end
  put_missed(records)
  return #tickets
end

local looked_at = miss_windows()
while looked_at < AT_ONCE and S.first_round < S.next_round do
  local round = call('LINDEX', ROUNDS, 0)
  if struct.unpack('>d', round) > S.door_time then break end
  looked_at = looked_at + miss_round(S.first_round, round)
  call('LPOP', ROUNDS)
  S.first_round = S.first_round + 1
end

local function close_span(batch, next_span)
  observe(batch[SPAN], batch[AT_RISK], batch[CAME_IN_SPAN])
  for skipped = batch[SPAN] + 1, next_span - 1 do observe(skipped, batch[NOT_COME], 0) end
  batch[SPAN], batch[AT_RISK], batch[CAME_IN_SPAN] = next_span, batch[NOT_COME], 0
end

for index = S.first_batch, S.next_batch - 1 do
  local batch = batches[index]
  if batch then
    local span = span_of(S.door_time - batch[CALLED_AT])
    if span > batch[SPAN] then
      close_span(batch, span)
      changed[index] = batch
    end
  end
end
while S.first_batch < S.next_batch do
  local batch = batches[S.first_batch]
  if batch and batch[NOT_COME] > 0 then break end
  if batch then
    close_span(batch, batch[SPAN])
    call('HDEL', BATCHES, S.first_batch)
    changed[S.first_batch], batches[S.first_batch] = nil, nil
  end
  S.first_batch = S.first_batch + 1
end
for index, batch in pairs(changed) do put_batch(index, batch) end
save_curve()

local elapsed = S.last_turn >= 0 and max(S.now - S.last_turn, 0) / SECOND or 0
if elapsed > 0 then
  local speed = (S.sessions_ended - S.ended_at_last_turn) / elapsed
  local weight = 1 - math.exp(-elapsed / SMOOTHING_SECONDS)
  S.ended_per_second = S.ended_per_second + weight * (speed - S.ended_per_second)
end
S.ended_at_last_turn, S.last_turn = S.sessions_ended, S.now

local called, wanted = 0, 0
if phase == 'admitting' then
  local delay = mean_delay()
  local lead = min(delay + DOOR_RESERVE, LONGEST_LEAD)
  local per_second = R.rate / 60
  local through_the_door = per_second * lead + SAFETY * math.sqrt(per_second * delay)
  local into_checkout = free_sessions() + S.ended_per_second * lead
  local missing = min(max(through_the_door, 1), into_checkout) - expected(batches)
  wanted = max(math.ceil(missing / max(still_comes(0), LEAST_SHOW_SHARE)), 0)
  called = call_first(min(wanted, CALLS_AT_ONCE))
end
save()
local more = (looked_at >= AT_ONCE or (wanted > called and called == CALLS_AT_ONCE)) and 1 or 0
return reply(called, missed, expired, more)
