-- Tickets and their records.

local WAITS, CALLED, ADMITTED, MISSED, LEFT, ENDED = 0, 1, 2, 3, 4, 5

-- Fields of a record: stage, calls and place of all; then those of one stage.
local STAGE, CALLS, PLACE = 1, 2, 3
local UNTIL, BATCH, CAME, SINCE = 4, 5, 6, 7
local SESSION, ADMITTED_AT, EXPIRES_AT = 4, 5, 6

local TICKET_BYTES = 16

local function in_chunks(command, key, arguments)
  for from = 1, #arguments, AT_ONCE do
    call(command, key, unpack(arguments, from, min(from + AT_ONCE - 1, #arguments)))
  end
end

local function put(ticket, record)
  call('HSET', TICKETS, ticket, cmsgpack.pack(record))
end

-- To call tickets is to move the frontier: those of WAITING up to it are called and awaited, those behind it wait. It is
-- a place and a ticket, as places of the draw may be shared. Who comes leaves WAITING for a record of the own, and so does
-- who has not come when the round ends: the tickets over which one turn moved the frontier. Whoever waits at a place that
-- the frontier has passed, back from a lost store or after a missed call, waits in LATE, and is called next.

-- Compared by hand: Lua's own comparison goes by the locale.
local function comes_after(ticket, other)
  for at = 1, TICKET_BYTES do
    local mine, others = ticket:byte(at), other:byte(at)
    if mine ~= others then return mine > others end
  end
  return false
end

local function stands_after(place, ticket, other_place, other_ticket)
  if place ~= other_place then return place > other_place end
  return comes_after(ticket, other_ticket)
end

local function passed_by_frontier(place, ticket)
  return not stands_after(place, ticket, S.frontier, S.frontier_ticket)
end

-- A round: the end of its call windows, its batch, and the last place and ticket in it. They end in the order in which the
-- frontier passed them.
local ROUND_FORMAT = '>dddc16'

local function put_round(until_, batch, place, ticket)
  call('ZADD', ROUNDS, whole(place), struct.pack(ROUND_FORMAT, until_, batch, place, ticket))
end

-- The record that an awaited ticket would have.
local function awaited_record(ticket, place)
  local skipped = 0
  repeat
    local round = call('ZRANGEBYSCORE', ROUNDS, whole(place), '+inf', 'LIMIT', skipped, 1)[1]
    local until_, batch, last_place, last_ticket = struct.unpack(ROUND_FORMAT, round)
    skipped = skipped + 1
    if not stands_after(place, ticket, last_place, last_ticket) then
      return { CALLED, 1, place, until_, batch, 0, -1, awaited = true }
    end
  until false
end

-- An awaited ticket is so no more.
local function no_longer_awaited(ticket, record)
  call('ZREM', WAITING, ticket)
  S.awaited = S.awaited - 1
  record.awaited = nil
end

-- The record of a ticket; one that waits or is awaited has none in the hash.
local function record_of(ticket)
  local place = tonumber(call('ZSCORE', WAITING, ticket))
  if place then
    return passed_by_frontier(place, ticket) and awaited_record(ticket, place) or { WAITS, 0, place }
  end
  place = tonumber(call('ZSCORE', LATE, ticket))
  if place then return { WAITS, tonumber(call('HGET', RECALLED, ticket) or 0), place } end
  local packed = call('HGET', TICKETS, ticket)
  return packed and cmsgpack.unpack(packed)
end

local function set_stage(ticket, record, stage)
  put(ticket, { stage, record[CALLS], record[PLACE] })
  if stage == LEFT or stage == ENDED then call('RPUSH', GONE, ticket) end
end

local function waiting_now()
  return call('ZCARD', WAITING) - S.awaited + call('ZCARD', LATE)
end

local function held()
  -- A ticket that waits after a missed call is in RECALLED too, but in TICKETS no more.
  return call('ZCARD', WAITING) + call('ZCARD', LATE) + call('HLEN', TICKETS)
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

local function begin_waiting(ticket, place)
  call('ZADD', passed_by_frontier(place, ticket) and LATE or WAITING, whole(place), ticket)
end

local function end_waiting(ticket)
  if call('ZREM', WAITING, ticket) == 0 then
    call('ZREM', LATE, ticket)
    call('HDEL', RECALLED, ticket)
  end
end

local function seat(ticket, place)
  make_room()
  begin_waiting(ticket, place)
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
