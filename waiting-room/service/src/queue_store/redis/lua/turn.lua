-- Answers tickets called, call windows missed, sessions expired, and 1 when there is more to do at once.

local phase, expired = advance()
load_curve()

call('ZREMRANGEBYSCORE', AT_DOOR, '-inf', '(' .. whole(S.now - PRESENCE))
local batches = all_batches()
local changed = {}

local missed = 0

local function less_to_come(index, count)
  local batch = batches[index]
  if batch then
    batch[NOT_COME] = max(batch[NOT_COME] - count, 0)
    changed[index] = batch
  end
end

local function put_missed(tickets_and_records)
  in_chunks('HSET', TICKETS, tickets_and_records)
  local count = #tickets_and_records / 2
  missed, S.missed, S.open_calls = missed + count, S.missed + count, S.open_calls - count
end

-- Those with a window of their own.
local function miss_windows()
  local tickets = call('ZRANGEBYSCORE', WINDOWS, '-inf', whole(S.door_time), 'LIMIT', 0, AT_ONCE)
  if #tickets == 0 then return 0 end
  local records = {}
  for at, packed in ipairs(call('HMGET', TICKETS, unpack(tickets))) do
    local record = cmsgpack.unpack(packed)
    if record[CAME] == 0 then less_to_come(record[BATCH], 1) end
    records[2 * at - 1], records[2 * at] = tickets[at], cmsgpack.pack({ MISSED, record[CALLS], record[PLACE] })
  end
  put_missed(records)
  call('ZREM', WINDOWS, unpack(tickets))
  call('ZREM', AT_DOOR, unpack(tickets))
  return #tickets
end

-- Those of the oldest round who have not come. Gives how many these were, or nothing when its windows are open.
local function miss_round()
  local round = call('ZRANGE', ROUNDS, 0, 0)[1]
  if not round then return nil end
  local until_, batch, last_place, last_ticket = struct.unpack(ROUND_FORMAT, round)
  if until_ > S.door_time then return nil end
  -- Whoever shares the last place may be of the next round.
  local most = min(call('ZCOUNT', WAITING, '-inf', whole(last_place)), AT_ONCE)
  local first = most > 0 and call('ZRANGE', WAITING, 0, most - 1, 'WITHSCORES') or {}
  local count = 0
  for at = 1, #first, 2 do
    local place = tonumber(first[at + 1])
    if stands_after(place, first[at], last_place, last_ticket) then break end
    first[at + 1] = cmsgpack.pack({ MISSED, 1, place })
    count = count + 1
  end
  if count > 0 then
    for at = #first, 2 * count + 1, -1 do first[at] = nil end
    put_missed(first)
    call('ZREMRANGEBYRANK', WAITING, 0, count - 1)
    S.awaited = S.awaited - count
    less_to_come(batch, count)
  end
  if count < AT_ONCE then call('ZREM', ROUNDS, round) end
  return count
end

local looked_at = miss_windows()
while looked_at < AT_ONCE do
  local count = miss_round()
  if not count then break end
  -- To look at a round is something too.
  looked_at = looked_at + count + 1
end

-- What is learned of a batch depends on who of it has missed the call: first all of these.
if looked_at >= AT_ONCE then
  for index, batch in pairs(changed) do put_batch(index, batch) end
  save()
  return reply(0, missed, expired, 1)
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
  called = call_first(wanted)
end
save()
return reply(called, missed, expired, wanted > called and waiting_now() > 0 and 1 or 0)
