-- Own arguments: ticket. Answers its standing or nothing; changes nothing.

local state = call('HGET', STATE, 'state')
if not state then return false end
read_state(state)
local record = record_of(ARGV[OWN])
if not record then return false end
return standing(record)
