-- Own arguments: ticket, session id. Answers 1, or 0 when that session does not live.

local ticket, session = ARGV[OWN], ARGV[OWN + 1]
local packed = call('HGET', TICKETS, ticket)
local record = packed and cmsgpack.unpack(packed)
local state = call('HGET', STATE, 'state')
if not state or not record or record[STAGE] ~= ADMITTED or record[SESSION] ~= session then return 0 end
call('ZREM', SESSIONS, ticket)
set_stage(ticket, record, ENDED)
read_state(state)
S.sessions_ended = S.sessions_ended + 1
call('HSET', STATE, 'state', packed_state())
return 1
