-- Tickets and their records.

local WAITS, CALLED, ADMITTED, MISSED, LEFT, ENDED = 0, 1, 2, 3, 4, 5

-- Fields of a record: stage, calls and place of all; then those of one stage.
local STAGE, CALLS, PLACE = 1, 2, 3
local UNTIL, BATCH, CAME, SINCE, ROUND = 4, 5, 6, 7, 8
local SESSION, ADMITTED_AT, EXPIRES_AT = 4, 5, 6

-- The place of a called ticket that only its round tells.
local UNTOLD = 0

local function in_chunks(command, key, arguments)
  for from = 1, #arguments, AT_ONCE do
    call(command, key, unpack(arguments, from, min(from + AT_ONCE - 1, #arguments)))
  end
end

local function put(ticket, record)
  call('HSET', TICKETS, ticket, cmsgpack.pack(record))
end

-- A round is its end as a double, and then each ticket and its place with a blank behind the ticket and between two.
local ROUND_BEGINS, TICKET_BYTES = 9, 16

-- Finds the place of a ticket whose record does not tell it.
local function locate(ticket, record)
  if record[PLACE] ~= UNTOLD then return end
  local round = call('LINDEX', ROUNDS, record[ROUND] - S.first_round)
  local _, last = round:find(ticket, ROUND_BEGINS, true)
  record[PLACE] = tonumber(round:match('^[^ ]+', last + 2))
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
  locate(ticket, record)
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
  call('ZADD', WAITING, whole(place), ticket)
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
