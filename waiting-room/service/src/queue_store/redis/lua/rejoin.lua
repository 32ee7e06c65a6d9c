-- Own arguments: ticket, place. Answers a standing, or the stage -1 when there is no room.

advance()
local ticket, place = ARGV[OWN], tonumber(ARGV[OWN + 1])
local record = record_of(ticket)
local answer
if not record then
  if has_room_for_returner() then
    record = seat(ticket, place)
    S.rejoined = S.rejoined + 1
    answer = standing(record)
  else
    answer = { -1 }
  end
elseif record[STAGE] == MISSED and record[CALLS] < R.calls_per_ticket then
  call('HDEL', TICKETS, ticket)
  call('HSET', RECALLED, ticket, record[CALLS])
  begin_waiting(ticket, record[PLACE])
  S.rejoined = S.rejoined + 1
  answer = { WAITS }
else
  answer = standing(record)
end
save()
return reply(answer)
