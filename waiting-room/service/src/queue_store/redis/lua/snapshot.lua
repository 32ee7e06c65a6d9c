-- Answers the queue as it is: figures, totals, the places at its head, and samples behind it.

advance()
load_curve()
local waiting = call('ZCARD', WAITING)

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

local function read(from, to, into)
  local entries = call('ZRANGE', WAITING, from, to, 'WITHSCORES')
  for at = 2, #entries, 2 do into[#into + 1] = entries[at] end
end

-- The head has to be exact: what was read counts only if as many stand before its end as then, less those called, and
-- nobody took the place of somebody else.
local function head()
  local before, since = kept('head')
  if before and since.called <= HEAD / 4 and (since.gone == 0 or since.rejoined == 0)
    and call('ZCOUNT', WAITING, '-inf', before[HEAD]) == HEAD - since.called then
    local now = {}
    for at = since.called + 1, HEAD do now[#now + 1] = before[at] end
    if since.called > 0 then read(HEAD - since.called, HEAD - 1, now) end
    return now
  end
  local fresh = {}
  read(0, HEAD - 1, fresh)
  keep('head', fresh)
  return fresh
end

local function sample(rank, into)
  local text = whole(rank)
  read(text, text, into)
  into[#into + 1] = rank
end

-- Behind the head a rank may be out by a four-thousandth of the queue.
local function samples(front)
  local now, last = {}, waiting - 1
  if last < HEAD then return now end
  local before, since = kept('samples')
  if before and waiting > LONG and (since.gone + since.rejoined) * 4000 <= waiting
    and (since.gone + since.called) * 100 <= waiting and since.joined * EVENLY <= waiting then
    local least, ending = tonumber(front[HEAD]), {}
    sample(last, ending)
    local most = tonumber(ending[1])
    for at = 1, #before, 2 do
      local place, rank = tonumber(before[at]), before[at + 1] - since.called
      if place > least and place < most and rank >= HEAD and rank < last then
        now[#now + 1], now[#now + 2] = before[at], rank
      end
    end
    now[#now + 1], now[#now + 2] = ending[1], last
    return now
  end
  local evenly, rank = floor(waiting / EVENLY), HEAD
  while rank < last do
    sample(rank, now)
    rank = rank + max(min(floor(rank / NEARBY), evenly), 1)
  end
  sample(last, now)
  keep('samples', now)
  return now
end

local first = head()
local behind = samples(first)
save()
return reply(
  S.now, S.now < S.recovers_until and 1 or 0, S.frontier, call('ZCARD', WINDOWS), call('ZCARD', AT_DOOR),
  call('ZCARD', SESSIONS), string.format('%.17g', still_comes(0)),
  { S.joined, S.rejoined, S.called, S.claimed, S.missed, S.left, S.sessions_ended },
  waiting, first, behind
)
