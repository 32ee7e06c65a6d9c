-- Answers the queue as it is: figures, totals, the places at its head, and samples behind it.

advance()
load_curve()
local late = call('ZCARD', LATE)
local waiting = waiting_now()

-- The ranks of waiting-room-core's Marks.
local HEAD, NEARBY, EVENLY = 1000, 10, 220

-- To read places costs more than all else here, and from one snapshot to the next they change little: those called
-- are gone from the beginning, newcomers stand at the end. So what was read is kept, with the counts of that moment,
-- and used for as long as what has happened since tells where everybody stands now. Before the draw a newcomer may stand
-- anywhere, and a short queue is read quickly.
local LONG = 10 * HEAD

local function kept(name)
  local packed = waiting > HEAD and S.now >= R.on_sale_at and call('HGET', STATE, name)
  if not packed then return nil end
  local called, joined, rejoined, waited, places = unpack(cmsgpack.unpack(packed))
  local since = { called = S.called - called, joined = S.joined - joined, rejoined = S.rejoined - rejoined }
  since.gone = waited + since.joined + since.rejoined - since.called - waiting
  return places, since
end

local function keep(name, places)
  if waiting > HEAD and S.now >= R.on_sale_at then
    call('HSET', STATE, name, cmsgpack.pack({ S.called, S.joined, S.rejoined, waiting, places }))
  end
end

-- Places and ranks travel and are kept as doubles, one behind the other.
local BYTES = 8

local function packed(numbers)
  local parts = {}
  for from = 1, #numbers, AT_ONCE do
    local to = min(from + AT_ONCE - 1, #numbers)
    parts[#parts + 1] = struct.pack('>' .. ('d'):rep(to - from + 1), unpack(numbers, from, to))
  end
  return table.concat(parts)
end

local function unpacked(doubles)
  return { struct.unpack('>' .. ('d'):rep(#doubles / BYTES), doubles) }
end

-- Those who are late stand first; before those who wait behind the frontier, the set holds the awaited.
local function places(from, to)
  local scores = {}
  local function add(entries)
    local before = #scores
    for at = 1, #entries / 2 do scores[before + at] = entries[2 * at] end
  end
  if from < late then add(call('ZRANGE', LATE, whole(from), whole(min(to, late - 1)), 'WITHSCORES')) end
  if to >= late then
    local shift = S.awaited - late
    add(call('ZRANGE', WAITING, whole(max(from, late) + shift), whole(to + shift), 'WITHSCORES'))
  end
  return scores
end

local function read(from, to)
  return packed(places(from, to))
end

local function count_up_to(place)
  local before = late > 0 and call('ZCOUNT', LATE, '-inf', whole(place)) or 0
  return before + max(call('ZCOUNT', WAITING, '-inf', whole(place)) - S.awaited, 0)
end

-- The head has to be exact: what was read counts only if as many stand before its end as then, less those called, and
-- nobody took the place of somebody else. Tells too whether it was read as a whole.
local function head()
  local before, since = kept('head')
  if before and since.called < HEAD and (since.gone == 0 or since.rejoined == 0)
    and count_up_to(struct.unpack('>d', before, #before - BYTES + 1)) == HEAD - since.called
  then
    local now = before:sub(since.called * BYTES + 1)
    if since.called > 0 then now = now .. read(HEAD - since.called, HEAD - 1) end
    return now, false
  end
  local fresh = read(0, HEAD - 1)
  keep('head', fresh)
  return fresh, true
end

local function place_at(rank)
  return tonumber(places(rank, rank)[1])
end

-- Behind the head a rank may be out by a four-thousandth of the queue; by twice that where the head was read at the same
-- time, so that one snapshot seldom reads both.
local function samples(front, front_was_read)
  local last = waiting - 1
  if last < HEAD then return '' end
  local before, since = kept('samples')
  local slack = front_was_read and 2 or 1
  if before and waiting > LONG and (since.gone + since.rejoined) * 4000 <= waiting * slack
    and (since.gone + since.called) * 100 <= waiting * slack and since.joined * EVENLY <= waiting * slack then
    local least, most = struct.unpack('>d', front, #front - BYTES + 1), place_at(last)
    local kept_samples, now = unpacked(before), {}
    for at = 1, #before / BYTES, 2 do
      local place, rank = kept_samples[at], kept_samples[at + 1] - since.called
      if place > least and place < most and rank >= HEAD and rank < last then
        now[#now + 1], now[#now + 2] = place, rank
      end
    end
    now[#now + 1], now[#now + 2] = most, last
    return packed(now)
  end
  local now, evenly, rank = {}, floor(waiting / EVENLY), HEAD
  while rank < last do
    now[#now + 1], now[#now + 2] = place_at(rank), rank
    rank = rank + max(min(floor(rank / NEARBY), evenly), 1)
  end
  now[#now + 1], now[#now + 2] = place_at(last), last
  local fresh = packed(now)
  keep('samples', fresh)
  return fresh
end

local first, first_was_read = head()
local behind = samples(first, first_was_read)
save()
return reply(
  S.now, S.now < S.recovers_until and 1 or 0, S.frontier, S.open_calls, call('ZCARD', AT_DOOR),
  call('ZCARD', SESSIONS), string.format('%.17g', still_comes(0)),
  { S.joined, S.rejoined, S.called, S.claimed, S.missed, S.left, S.sessions_ended },
  waiting, first, behind
)
