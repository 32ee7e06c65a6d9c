-- Own arguments: ticket. Answers its standing or nothing; changes nothing.

local values = call('HMGET', STATE, 'now', 'door_time')
local record = values[1] and record_of(ARGV[OWN])
if not record then return false end
S.now, S.door_time = tonumber(values[1]), tonumber(values[2])
return standing(record)
