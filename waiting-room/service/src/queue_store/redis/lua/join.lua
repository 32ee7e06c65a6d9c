-- Own arguments: the places in the draw, packed as doubles; then the tickets, each once. Answers how many waited
-- before, and for each ticket: the place of one that is new and waits now, or 0 when the queue is full, or of any other
-- whether it is new (1) or not (2), its place and standing.

local phase = advance()
local FIRST = OWN + 1
local count = #ARGV - OWN
local places = call('ZMSCORE', WAITING, unpack(ARGV, FIRST))
local records = call('HMGET', TICKETS, unpack(ARGV, FIRST))
local waited = call('ZCARD', WAITING)
local held_now = waited + call('HLEN', TICKETS)
local present_now = held_now - call('LLEN', GONE)
local waiting, on_sale = waited, S.now >= R.on_sale_at
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
  if places[at] then
    answer = { 2, tonumber(places[at]), { WAITS } }
  elseif records[at] and call('HEXISTS', TICKETS, ticket) == 1 then
    local record = unpacked(records[at])
    answer = { 2, record[PLACE], standing(record) }
  elseif present_now >= R.capacity then
    answer = 0
  else
    local place
    if on_sale then
      place = max(S.now, S.last_arrival + 1, FIRST_ARRIVAL)
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
      added[#added + 1] = whole(place)
      added[#added + 1] = ticket
      answer = place
    end
  end
  answers[at] = answer
end
if #added > 0 then in_chunks('ZADD', WAITING, added) end
save()
return reply(waited, answers)
