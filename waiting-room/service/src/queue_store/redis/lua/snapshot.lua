-- Answers the queue as it is: figures, totals, and pairs of place and rank.

advance()
load_curve()
local waiting = call('ZCARD', WAITING)
local marks = {}

local function mark(rank, place)
  marks[#marks + 1] = place
  marks[#marks + 1] = rank
end

local DENSE = 64
local head = call('ZRANGE', WAITING, 0, DENSE - 1, 'WITHSCORES')
local rank = 0
while rank < waiting do
  if rank < DENSE then
    mark(rank, tonumber(head[2 * rank + 2]))
  else
    mark(rank, tonumber(call('ZRANGE', WAITING, rank, rank, 'WITHSCORES')[2]))
  end
  rank = rank + max(floor(rank / 32), 1)
end
if waiting > 0 and marks[#marks] < waiting - 1 then
  mark(waiting - 1, tonumber(call('ZRANGE', WAITING, -1, -1, 'WITHSCORES')[2]))
end

save()
return reply(
  S.now, S.now < S.recovers_until and 1 or 0, S.frontier, call('ZCARD', WINDOWS), call('ZCARD', AT_DOOR),
  call('ZCARD', SESSIONS), string.format('%.17g', still_comes(0)),
  { S.joined, S.rejoined, S.called, S.claimed, S.missed, S.left, S.sessions_ended },
  waiting, marks
)
