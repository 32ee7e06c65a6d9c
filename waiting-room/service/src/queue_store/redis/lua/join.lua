-- Own arguments: the places in the draw, packed as doubles; then the tickets, each once. Answers how many waited
-- before, and then the first of the places when all are new, wait, and stand one after the other; or else for each
-- ticket: the place of one that is new and waits now, or 0 when the queue is full, or of any other whether it is new (1)
-- or not (2), its place and standing.

local phase = advance()
local FIRST = OWN + 1
local count = #ARGV - OWN
local on_sale = S.now >= R.on_sale_at
local late, with_record = call('ZCARD', LATE), call('HLEN', TICKETS)
local in_line = call('ZCARD', WAITING) + late
local waited, held_now = in_line - S.awaited, in_line + with_record
local records = with_record > 0 and call('HMGET', TICKETS, unpack(ARGV, FIRST)) or {}
local late_places = late > 0 and call('ZMSCORE', LATE, unpack(ARGV, FIRST)) or {}

local function next_place()
  return max(S.now, S.last_arrival + 1, FIRST_ARRIVAL)
end

local function any_known()
  for at = 1, count do
    if records[at] or late_places[at] then return true end
  end
  return false
end

-- Nearly always all are new, all of them wait, and there is room: then one command seats them, on places one after the
-- other. Gives the first place; or nothing when it turned out otherwise, and then nobody was seated.
local function seat_all()
  if not on_sale or waited == 0 or held_now + count > R.capacity or any_known() then return nil end
  local first, seats = next_place(), {}
  for at = 1, count do
    seats[2 * at - 1], seats[2 * at] = whole(first + at - 1), ARGV[OWN + at]
  end
  if call('ZADD', WAITING, 'NX', unpack(seats)) == count then
    S.last_arrival = first + count - 1
    S.joined = S.joined + count
    return first
  end
  local places = call('ZMSCORE', WAITING, unpack(ARGV, FIRST))
  for at = 1, count do
    if tonumber(places[at]) >= first then call('ZREM', WAITING, ARGV[OWN + at]) end
  end
  return nil
end

local function seat_each()
  local places = call('ZMSCORE', WAITING, unpack(ARGV, FIRST))
  local present_now = held_now - call('LLEN', GONE)
  local waiting = waited
  local quiet = phase == 'admitting' and waited == 0
  local expected_now
  local added, answers = {}, {}

  local calls

  local function door_has_room()
    if not calls then
      calls = open_calls()
      calls.load_curve()
      expected_now = calls.expected(calls.all_batches())
    end
    return expected_now + 1 <= min(floor(S.level / PERMIT), calls.free_sessions())
  end

  for at = 1, count do
    local ticket, answer = ARGV[OWN + at], nil
    local place = tonumber(places[at] or late_places[at])
    if place then
      local awaited = places[at] and passed_by_frontier(place, ticket)
      answer = { 2, place, awaited and standing(awaited_record(ticket, place)) or { WAITS } }
    elseif records[at] and call('HEXISTS', TICKETS, ticket) == 1 then
      local record = cmsgpack.unpack(records[at])
      answer = { 2, record[PLACE], standing(record) }
    elseif present_now >= R.capacity then
      answer = 0
    else
      if on_sale then
        place = next_place()
        S.last_arrival = place
      else
        place = struct.unpack('>d', ARGV[OWN], 8 * at - 7)
      end
      if held_now >= R.capacity then make_room() else held_now = held_now + 1 end
      present_now = present_now + 1
      waiting = waiting + 1
      S.joined = S.joined + 1
      if quiet and waiting == 1 and door_has_room() then
        call('ZADD', WAITING, whole(place), ticket)
        calls.call_first(1)
        expected_now = expected_now + calls.still_comes(0)
        waiting = 0
        answer = { 1, place, { CALLED, S.now + R.call_window } }
      else
        if passed_by_frontier(place, ticket) then
          call('ZADD', LATE, whole(place), ticket)
        else
          added[#added + 1] = whole(place)
          added[#added + 1] = ticket
        end
        answer = place
      end
    end
    answers[at] = answer
  end
  if #added > 0 then in_chunks('ZADD', WAITING, added) end
  return answers
end

local seated = seat_all() or seat_each()
save()
return reply(waited, seated)
