-- Own arguments: ticket. Answers 1, or 0 when it is unknown.

advance()
local ticket = ARGV[OWN]
local record = record_of(ticket)
local known = record and 1 or 0
if record and record[STAGE] ~= LEFT and record[STAGE] ~= ENDED then
  if record[STAGE] == WAITS then
    end_waiting(ticket)
  elseif record[STAGE] == CALLED then
    give_up_call(ticket, record)
  end
  if record[STAGE] == ADMITTED then
    -- It ends first and is left then, as in the core; it counts once among those who are gone.
    call('ZREM', SESSIONS, ticket)
    S.sessions_ended = S.sessions_ended + 1
  end
  set_stage(ticket, record, LEFT)
  S.left = S.left + 1
end
save()
return reply(known)
