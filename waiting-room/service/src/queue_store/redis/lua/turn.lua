-- Answers tickets called, call windows missed, sessions expired, and 1 when there is more to do at once.

local phase, expired = advance()
load_curve()

call('ZREMRANGEBYSCORE', AT_DOOR, '-inf', '(' .. whole(S.now - PRESENCE))
local batches = all_batches()
local changed = {}

local missed = call('ZRANGEBYSCORE', WINDOWS, '-inf', whole(S.door_time), 'LIMIT', 0, AT_ONCE)
if #missed > 0 then
  local packed = call('HMGET', TICKETS, unpack(missed))
  local records = {}
  for at, ticket in ipairs(missed) do
    local record = unpacked(packed[at])
    local batch = batches[record[BATCH]]
    if record[CAME] == 0 and batch then
      batch[NOT_COME] = max(batch[NOT_COME] - 1, 0)
      changed[record[BATCH]] = batch
    end
    records[2 * at - 1] = ticket
    records[2 * at] = cmsgpack.pack({ MISSED, record[CALLS], record[PLACE] })
  end
  in_chunks('HSET', TICKETS, records)
  call('ZREM', WINDOWS, unpack(missed))
  call('ZREM', AT_DOOR, unpack(missed))
  S.missed = S.missed + #missed
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
  called = call_first(min(wanted, AT_ONCE))
end
save()
local more = (#missed == AT_ONCE or (wanted > called and called == AT_ONCE)) and 1 or 0
return reply(called, #missed, expired, more)
