-- Own arguments: ticket. Answers its standing or nothing; changes nothing.

local state = call('HGET', STATE, 'state')
local record = state and record_of(ARGV[OWN])
if not record then return false end
read_state(state)
return standing(record)
