-- KEYS: the queue's, the state first; then the note of the region's epoch for which the queue was begun. ARGV: what every
-- script is told; then the region's epoch, and 1 from who has seen the queue begun for it.

local NOTE, EPOCH, SEEN = KEYS[#KEYS], tonumber(ARGV[3]), ARGV[4] == '1'

if tonumber(redis.call('GET', NOTE) or 0) >= EPOCH then return 0 end
redis.call('SET', NOTE, ARGV[3])
if SEEN then return 0 end
-- Without its state a queue is lost: whoever comes next begins a new epoch and deletes the rest.
redis.call('DEL', KEYS[1])
return 1
