-- Own arguments: of each ticket its id and its place in the draw. Answers per ticket: 0 and nothing when the
-- queue is full; else whether it is new (1) or not (2), place, tickets that waited before it (-1: unknown), standing.

local phase = advance()
local count = (#ARGV - OWN + 1) / 2
local tickets = {}
for at = 1, count do tickets[at] = ARGV[OWN + 2 * at - 2] end
local places = call('ZMSCORE', WAITING, unpack(tickets))
local records = call('HMGET', TICKETS, unpack(tickets))
local waiting = call('ZCARD', WAITING)
local held_now = held()
local present_now = held_now - call('LLEN', GONE)
local quiet = phase == 'admitting' and waiting == 0
local expected_now
local seated, added, answers = {}, {}, {}

local function door_has_room()
  if not expected_now then
    load_curve()
    expected_now = expected(all_batches())
  end
  return expected_now + 1 <= min(floor(S.level / PERMIT), free_sessions())
end

for at, ticket in ipairs(tickets) do
  local answer
  if seated[ticket] then
    local place, its_standing = unpack(seated[ticket])
    answer = { 2, place, -1, its_standing }
  elseif places[at] then
    answer = { 2, tonumber(places[at]), -1, { WAITS } }
  elseif records[at] and call('HEXISTS', TICKETS, ticket) == 1 then
    local record = cmsgpack.unpack(records[at])
    answer = { 2, record[PLACE], -1, standing(record) }
  elseif present_now >= R.capacity then
    answer = { 0 }
  else
    local place, waited = tonumber(ARGV[OWN + 2 * at - 1]), -1
    if S.now >= R.on_sale_at then
      place = max(S.now, S.last_arrival + 1, FIRST_ARRIVAL)
      S.last_arrival = place
      waited = waiting
    end
    if held_now >= R.capacity then make_room() else held_now = held_now + 1 end
    present_now = present_now + 1
    waiting = waiting + 1
    S.joined = S.joined + 1
    local its_standing = { WAITS }
    if quiet and waiting == 1 and door_has_room() then
      call('ZADD', WAITING, text(place), ticket)
      call_first(1)
      waiting = 0
      expected_now = expected_now + still_comes(0)
      its_standing = { CALLED, S.now + R.call_window }
    else
      added[#added + 1] = text(place)
      added[#added + 1] = ticket
    end
    seated[ticket] = { place, its_standing }
    answer = { 1, place, waited, its_standing }
  end
  answers[at] = answer
end
if #added > 0 then in_chunks('ZADD', WAITING, added) end
save()
return reply(answers)
